-- What checking a document established: a pure function of the document, by whose digest it is found, and of what
-- checked it. A row never changes. Any row may be deleted: the document is checked again when next seen.
create table scorer.credential_check (
    digest bytea not null,
    verifier text not null,
    fault text,
    issuer text,
    subject text,
    provider text,
    nullifiers jsonb,
    expires_at timestamptz,
    typed boolean,
    checked_at timestamptz not null default now(),
    primary key (digest, verifier),
    check (octet_length(digest) = 32),
    check (
        fault is not null
        or num_nulls(issuer, subject, provider, nullifiers, expires_at, typed) = 0
        and jsonb_array_length(nullifiers) > 0
    )
);

-- The digest of each document is kept by the database itself beside it, so that no writer can leave it behind
-- and no request has to make it: sha256 of the document's text, the bytes that the service is given. Null where
-- there are more than 65,536 of them; a production credential has 2 kB. Escaping and decoding take the text as
-- bytes without a conversion, which a generated column may not call.
do $block$
begin
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'database encoding is not UTF8' using
            hint = 'Create the database with encoding UTF8: documents are hashed as UTF-8.';
    end if;
end;
$block$;

alter table scorer.ceramic_cache
add column digest bytea generated always as (
    case
        when octet_length(stamp::text) <= 65536
            then sha256(decode(replace(stamp::text, E'\\', E'\\\\'), 'escape'))
    end
) stored;

-- Checked with each statement instead of at the commit: inside score_passport, where the check is planned like the
-- rest. A check that was planned outside while the table was small reads it from end to end ever after.
alter table scorer.registry_passport
alter constraint registry_passport_community_id_fkey deferrable initially immediate;

alter table scorer.registry_stamp
alter constraint registry_stamp_passport_id_fkey deferrable initially immediate;

alter table scorer.registry_score
alter constraint registry_score_passport_id_fkey deferrable initially immediate;
