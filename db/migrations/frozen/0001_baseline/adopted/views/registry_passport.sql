drop view if exists scorer.registry_passport;

create view scorer.registry_passport as
select
    p.id,
    p.address,
    p.community_id
from public.registry_passport as p;
