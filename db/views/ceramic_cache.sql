-- Without the limit the document's text would be made once for each place where it stands.
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
    (
        select case when octet_length(d.document) <= 65536 then sha256(d.document) end
        from (select convert_to(c.stamp::text, 'UTF8') as document limit 1) as d -- noqa: AM09
    ) as digest
from public.ceramic_cache_ceramiccache as c;
