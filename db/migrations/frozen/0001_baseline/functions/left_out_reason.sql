create or replace function scorer.left_out_reason(
    p_address text,
    p_provider text,
    p_digest bytea,
    p_issuer text,
    p_trusted_issuers text[],
    p_is_checked boolean,
    p_fault text,
    p_checked_subject text,
    p_checked_provider text,
    p_signed_at timestamptz,
    p_expires_at timestamptz
)
returns text
language sql
stable
security invoker
return case
    when p_digest is null then 'too_large'
    when p_issuer = any(p_trusted_issuers) is not true then 'untrusted_issuer'
    when not p_is_checked then 'unchecked'
    when p_fault is not null then p_fault
    when p_checked_subject <> 'did:pkh:eip155:1:' || p_address then 'other_subject'
    when p_checked_provider <> p_provider then 'other_provider'
    when p_signed_at > now() then 'future_proof'
    when p_expires_at <= now() then 'expired'
end;

comment on function scorer.left_out_reason(
    text, text, bytea, text, text[], boolean, text, text, text, timestamptz, timestamptz
) is '
Why a live credential does not count, by what its row and its check say. score_wallet and explain_score judge by it.
The planner puts its expression into the query of who calls it, so that a call costs nothing: it has one statement,
and nothing is set for it.

Arguments
  p_address          the wallet, in lower case
  p_provider         the row''s
  p_digest           the document''s; null for one that is too large
  p_issuer           the check''s, else the document''s
  p_trusted_issuers  the DIDs whose credentials count
  p_is_checked       whether there is a check of the document
  p_fault, p_checked_subject, p_checked_provider, p_signed_at, p_expires_at
                     the check''s

Result
  the reason, one word; null for a credential that counts, unless a newer one of its provider does or it is deduped

Errors: none.
';

revoke execute on function scorer.left_out_reason(
    text, text, bytea, text, text[], boolean, text, text, text, timestamptz, timestamptz
) from public;
