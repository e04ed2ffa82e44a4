-- A scorer may be shared by communities, and each community customizes its weights: so each has a scorer of its own,
-- by its own id.
drop view if exists scorer.account_community;

create view scorer.account_community as
select
    c.id,
    c.account_id,
    c.id as scorer_id,
    c.name,
    c.human_points_program,
    c.external_scorer_id,
    c.deleted_at
from public.account_community as c;
