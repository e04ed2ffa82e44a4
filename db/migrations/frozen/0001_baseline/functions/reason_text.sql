create or replace function scorer.reason_text(p_reason text, out why text, out change text)
language sql
immutable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
What a reason for which a credential does not count means, for who administers the service.

Arguments
  p_reason  as explain_score gives it; null for a credential that counts

Result
  why     the reason in a sentence
  change  what would change it, in a sentence

Errors: none.
*/
select coalesce(t.why, 'Its check found a fault.'), coalesce(t.change, 'A new credential, from the issuer.')
from (select 1) as o
left join (
    values
    ('', 'It counts.', 'It counts until it expires, unless it is deleted, revoked or claimed by another wallet.'),
    ('deleted', 'The wallet has deleted it.', 'Storing it again.'),
    ('revoked', 'It has been revoked.', 'Deleting its row of ceramic_cache_revocation.'),
    ('older', 'A newer credential of its provider is taken instead.', 'Deleting or revoking the newer one.'),
    (
        'deduped',
        'Another wallet of the community claimed one of its nullifiers first, and holds it.',
        'The other wallet''s claim runs out, unless that wallet renews it before.'
    ),
    ('unchecked', 'Its document has not been checked yet.', 'The next request for its score checks it.'),
    ('too_large', 'Its document has more than 65,536 bytes.', 'A credential in the form that issuers write.'),
    (
        'unreadable', 'Its document is nested too deep, or holds a number too long to read.',
        'A credential in the form that issuers write.'
    ),
    ('no_subject', 'Its document names no subject.', 'A credential in the form that issuers write.'),
    ('other_subject', 'Its document is about another wallet.', 'A credential that the issuer made for this wallet.'),
    (
        'other_provider', 'Its document names another provider than its row, or none.',
        'Storing it under the provider that it names.'
    ),
    ('no_nullifiers', 'Its document has neither hash nor nullifiers.', 'A credential in the form that issuers write.'),
    (
        'bad_nullifier', 'One of its nullifiers is not a string of 1 to 100 characters.',
        'A credential in the form that issuers write.'
    ),
    (
        'untrusted_issuer', 'Its issuer is not one of those whose credentials count.',
        'Naming the issuer in TRUSTED_IAM_ISSUERS.'
    ),
    ('bad_expiration_date', 'It has no expirationDate that can be read.', 'A credential in the form that issuers write.'),
    ('expired', 'It has expired.', 'A new credential, from the issuer.'),
    (
        'unknown_proof', 'It has no proof, several, one without a time, or one of a type that is not looked at.',
        'A credential in the form that issuers write.'
    ),
    (
        'unknown_form', 'Its document is in none of the forms that issuers wrote.',
        'A credential in the form that issuers write.'
    ),
    (
        'unsigned_field', 'Its document holds a field that its proof does not cover.',
        'The document as the issuer signed it.'
    ),
    (
        'bad_proof', 'Its proof does not hold: the document is not what the issuer signed.',
        'The document as the issuer signed it.'
    ),
    ('unverifiable', 'Its proof cannot be read.', 'The document as the issuer signed it.'),
    ('future_proof', 'Its proof is dated later than now.', 'Time: it counts from the date of its proof on.')
) as t (reason, why, change) on t.reason = coalesce(p_reason, '');
$function$;

revoke execute on function scorer.reason_text(text) from public;
