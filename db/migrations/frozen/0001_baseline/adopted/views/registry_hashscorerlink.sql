drop view if exists scorer.registry_hashscorerlink;

create view scorer.registry_hashscorerlink as
select
    l.id,
    l.hash,
    l.address,
    l.community_id,
    l.expires_at
from public.registry_hashscorerlink as l;
