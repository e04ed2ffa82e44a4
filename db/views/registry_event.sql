-- Their actions are codes of three letters.
drop view if exists scorer.registry_event;

create view scorer.registry_event as
select
    e.id,
    case e.action
        when 'LDP' then 'LIFO_DEDUPLICATION'
        when 'SCU' then 'SCORE_UPDATE'
        else e.action
    end as action,
    e.address,
    e.data,
    e.community_id,
    e.created_at
from public.registry_event as e;

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
