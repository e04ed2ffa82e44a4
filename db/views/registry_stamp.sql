drop view if exists scorer.registry_stamp;

create view scorer.registry_stamp as
select
    s.id,
    s.passport_id,
    s.provider,
    s.credential
from public.registry_stamp as s;
