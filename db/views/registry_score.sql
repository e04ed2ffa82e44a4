drop view if exists scorer.registry_score;

create view scorer.registry_score as
select
    s.id,
    s.passport_id,
    s.score,
    s.status,
    s.last_score_timestamp,
    s.evidence,
    s.stamp_scores,
    s.stamps,
    s.expiration_date,
    s.error
from public.registry_score as s;
