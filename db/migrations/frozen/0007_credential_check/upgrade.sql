-- What checking a document established: a pure function of the document, by which it is found, and of what
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
