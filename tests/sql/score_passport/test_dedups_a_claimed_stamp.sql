begin;
select plan(6);

call community(7);
call community(8);

create temporary table first_score as
select score_passport(wallet('a'), 7, stamps(stamp('Github', '{g1,g2}'))) as body;

create temporary table answer as
select score_passport(
    wallet('b'), 7, stamps(stamp('Github', '{g1,g2}', '2091-06-15T12:30:00Z'), stamp('Google', '{o1}'))
) as body;

select
    is(
        body -> 'stamps',
        '{
        "Github": {"score": "0.00000", "dedup": true, "expiration_date": "2091-06-15T12:30:00Z"},
        "Google": {"score": "1.00000", "dedup": false, "expiration_date": "2090-01-01T00:00:00+00:00"}
    }'::jsonb,
        'a claimed stamp scores 0 and keeps the text of its expirationDate'
    )
from answer;

select is(body ->> 'score', '1.00000', 'only clean stamps add to the score') from answer;

select results_eq(
    'select links(7)', array['g1 a 2090', 'g2 a 2090', 'o1 b 2090'], 'live links keep their owner and expiry'
);

select results_eq(
    $$ select action::text, address::text, community_id, data from registry_event where id >= (
        select max(id) - 1 from registry_event
    ) and action <> 'SCORE_UPDATE' $$,
    $$ select 'LIFO_DEDUPLICATION', wallet('b'), 7::bigint,
        '{"nullifiers": ["g1", "g2"], "provider": "Github", "community_id": 7}'::jsonb $$,
    'an event tells of the deduped stamp'
);

select results_eq(
    $$ select s.provider::text from registry_stamp as s
    inner join registry_passport as p on p.id = s.passport_id where p.address = wallet('b') $$,
    array['Google'],
    'a deduped stamp is not stored'
);

select is(
    score_passport(wallet('b'), 8, stamps(stamp('Github', '{g1,g2}'))) ->> 'score', '2.25000',
    'another community knows nothing of it'
);

select * from finish();
rollback;
