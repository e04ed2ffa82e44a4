-- The digest of a credential's document, for the version of its row that xmin and ctid name: another version, whoever
-- wrote it, has none. A row may be deleted at any time; it costs a request some microseconds.
create table scorer.credential_digest (
    ceramic_cache_id bigint primary key,
    row_xmin xid not null,
    row_ctid tid not null,
    digest bytea not null
);
