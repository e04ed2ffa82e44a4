-- Their actions are codes of three letters. A part for each that is named otherwise here: a condition on our name then
-- leaves of the others nothing, and their index by action serves, which a case expression would keep it from.
drop view if exists scorer.registry_event;

create view scorer.registry_event as
select
    e.id,
    'SCORE_UPDATE'::varchar as action,
    e.address,
    e.data,
    e.community_id,
    e.created_at
from public.registry_event as e
where e.action = 'SCU'
union all
select
    e.id,
    'LIFO_DEDUPLICATION'::varchar as action,
    e.address,
    e.data,
    e.community_id,
    e.created_at
from public.registry_event as e
where e.action = 'LDP'
union all
select
    e.id,
    e.action,
    e.address,
    e.data,
    e.community_id,
    e.created_at
from public.registry_event as e
where e.action not in ('SCU', 'LDP');

create rule record as -- noqa: PRS
on insert to scorer.registry_event
do instead
insert into public.registry_event (action, address, data, community_id, created_at)
values (
    case new.action
        when 'LIFO_DEDUPLICATION' then 'LDP'
        when 'SCORE_UPDATE' then 'SCU'
        else new.action
    end,
    new.address,
    new.data,
    new.community_id,
    new.created_at
);
