create or replace function scorer.keep_checks(p_verifier text, p_checks jsonb)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Keeps what checking documents established, for every request to come. What is kept already stays as it is.

Arguments
  p_verifier  names what checked the documents, in its version
  p_checks    array of {"digest" (hex sha256 of the document's text in UTF-8), "fault" (null, or why the document never
              counts), and without a fault "issuer", "subject" (in lower case), "provider", "nullifiers", "expires_at",
              "signed_at"}

Result: how many of them are new.

Errors: 23514 for a check that cannot be one; 55P03 when a lock is not had within 10 seconds.

Locks: the new rows of credential_check, sorted by digest.
*/
declare
    v_kept bigint;
begin
    insert into credential_check (
        digest, verifier, fault, issuer, subject, provider, nullifiers, expires_at, signed_at
    )
    select
        decode(c.digest, 'hex'), p_verifier, c.fault, c.issuer, c.subject, c.provider, c.nullifiers,
        c.expires_at, c.signed_at
    from jsonb_to_recordset(p_checks) as c (
        digest text, fault text, issuer text, subject text, provider text, nullifiers jsonb,
        expires_at timestamptz, signed_at timestamptz
    )
    order by c.digest collate "C"
    on conflict (digest, verifier) do nothing;
    get diagnostics v_kept = row_count;
    return v_kept;
end;
$function$;

revoke execute on function scorer.keep_checks(text, jsonb) from public;
grant execute on function scorer.keep_checks(text, jsonb) to scorer_checker;
