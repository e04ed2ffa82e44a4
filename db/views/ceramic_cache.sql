-- A digest is made from the document's text, which takes most of the time of reading a wallet, unless it has been kept
-- for this very version of the row. Without the limit the text would be made once for each place where it stands.
drop view if exists scorer.ceramic_cache;

create view scorer.ceramic_cache as
select
    c.id,
    c.address,
    c.provider,
    c.stamp,
    c.proof_value,
    c.created_at,
    c.updated_at,
    c.deleted_at,
    -- The version of the row, by the names that a table has them.
    c.xmin,
    c.ctid,
    coalesce(
        (
            select k.digest from scorer.credential_digest as k
            where k.ceramic_cache_id = c.id and k.row_xmin = c.xmin and k.row_ctid = c.ctid
        ),
        (
            select case when octet_length(d.document) <= 65536 then sha256(d.document) end
            from (select convert_to(c.stamp::text, 'UTF8') as document limit 1) as d -- noqa: AM09
        )
    ) as digest
from public.ceramic_cache_ceramiccache as c;
