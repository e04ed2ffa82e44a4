drop view if exists scorer.ceramic_cache_revocation;

create view scorer.ceramic_cache_revocation as
select
    r.id,
    r.proof_value,
    r.ceramic_cache_id
from public.ceramic_cache_revocation as r;
