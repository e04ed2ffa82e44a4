begin;
select plan(8);

call community(7);
call community(8, '{}', 0);

select is(
    score_passport(wallet('a'), 7, '[]') - 'last_score_timestamp',
    '{
        "address": "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "score": "0.00000", "passing_score": false,
        "expiration_timestamp": null, "threshold": "2.50000", "error": null, "stamps": {},
        "points_data": null, "possible_points_data": null, "linked_score": null
    }'::jsonb,
    'no stamps at all score 0'
);
select results_eq(
    'select evidence, stamp_scores, stamps, expiration_date from registry_score',
    $$ select '{"type": "ThresholdScoreCheck", "success": false, "rawScore": "0", "threshold": "2.50000"}'::jsonb,
        '{}'::jsonb, '{}'::jsonb, null::timestamptz $$,
    'and are stored as such'
);
select results_eq('select action::text from registry_event', array['SCORE_UPDATE'], 'with an event');
select is(score_passport(wallet('a'), 8, '[]') -> 'passing_score', 'true', 'a threshold of 0 is reached by nothing');

create temporary table answer as
select score_passport(wallet('b'), 7, stamps(stamp('Github', '{g}'), stamp('Ens', '{e}'))) as body;
update answer
set body = score_passport(wallet('c'), 7, stamps(stamp('Ens', '{e}'), stamp('Github', '{g}')));

select is(body ->> 'score', '0.00000', 'deduped stamps alone score 0') from answer;
select is(body -> 'expiration_timestamp', 'null', 'and such a score does not expire') from answer;
select is_empty(
    $$ select from registry_stamp as s inner join registry_passport as p on p.id = s.passport_id
    where p.address = wallet('c') $$,
    'and leave no stamps'
);
select results_eq(
    $$ select data ->> 'provider' from registry_event where action = 'LIFO_DEDUPLICATION' order by id $$,
    array['Ens', 'Github'],
    'their events come in the order of the stamps'
);

select * from finish();
rollback;
