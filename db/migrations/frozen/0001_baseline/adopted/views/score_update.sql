drop view if exists scorer.score_update;

create view scorer.score_update as
select
    e.address,
    e.community_id,
    e.created_at,
    e.data
from public.registry_event as e
where e.action = 'SCU';
