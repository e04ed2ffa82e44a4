-- Of the communities in which a wallet has passed, from which the existing service awards its bonus too.
drop view if exists scorer.human_points_passingscorerecord;

create view scorer.human_points_passingscorerecord as
select
    q.id,
    q.address,
    q.community_id
from public.registry_humanpointscommunityqualifiedusers as q;
