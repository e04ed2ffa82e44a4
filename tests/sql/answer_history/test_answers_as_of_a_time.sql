begin;
select plan(19);

call api_access();
update account_apikey
set historical_endpoint = true
where prefix = 'test';
insert into account_account (id) values (2);
insert into account_community (id, account_id, scorer_id) values (8, 2, 7), (9, 1, 7);

create function pg_temp.history(
    p_at text default 'infinity', p_address text default tap.wallet('a'), p_scorer_id numeric default 7,
    out outcome text, out answer jsonb
)
language sql
as $function$
select h.outcome, h.answer
from scorer.answer_history('test', tap.api_key('test.key'), null, p_scorer_id, p_address, p_at::timestamptz) as h;
$function$;

select is((pg_temp.history()).outcome, 'no_score', 'a wallet that was never scored has no score');

insert into registry_event (action, address, community_id, created_at, data) values
('SCORE_UPDATE', wallet('a'), 7, '2026-01-01Z', '{"fields": {"evidence": {"rawScore": "1", "threshold": "2.5"}}}'),
('SCORE_UPDATE', wallet('a'), 7, '2026-03-01Z', '{"fields": {"evidence": {"rawScore": "3", "threshold": "2.5"}}}'),
('SCORE_UPDATE', wallet('a'), 7, '2026-02-01Z', '{"evidence": {"rawScore": "2.0000050", "threshold": "2.00000"}}'),
('LIFO_DEDUPLICATION', wallet('a'), 7, '2026-04-01Z', '{"evidence": {"rawScore": "4"}}'),
('SCORE_UPDATE', wallet('b'), 7, '2026-04-01Z', '{"evidence": {"rawScore": "5"}}'),
('SCORE_UPDATE', wallet('a'), 9, '2026-04-01Z', '{"evidence": {"rawScore": "6"}}');

select is((pg_temp.history(h.at)).answer ->> 'score', h.score, h.why)
from (
    values
    ('infinity', '3.00000', 'the newest event of the wallet and community, whichever was written last'),
    ('2026-03-01Z', '3.00000', 'not later than the time'),
    ('2026-02-28T23:59:59.999999Z', '2.00000', 'but no later one; half a hundred-thousandth is rounded to even'),
    ('2026-01-01Z', '1.00000', 'down to the oldest')
) as h (at, score, why);
select is((pg_temp.history('2025-12-31T23:59:59.999999Z')).outcome, 'no_score', 'before that there was no score');
select is((pg_temp.history('infinity', wallet('a'), 9)).answer ->> 'score', '6.00000', 'each community has its own');

select is(
    (pg_temp.history('2026-02-01Z')).answer - 'score',
    jsonb_build_object(
        'address', wallet('a'), 'passing_score', true, 'last_score_timestamp', null, 'expiration_timestamp', null,
        'threshold', '2.00000', 'error', null, 'stamps', null, 'points_data', null, 'possible_points_data', null,
        'linked_score', null
    ),
    'what an event does not hold is null'
);

-- As other writers left them.
delete from registry_event;
create function pg_temp.answer_of(p_data jsonb) returns text language plpgsql as $$
declare
    v_answer jsonb;
begin
    insert into registry_event (action, address, community_id, created_at, data)
    values ('SCORE_UPDATE', wallet('a'), 7, clock_timestamp(), p_data);
    v_answer := (pg_temp.history()).answer;
    return concat_ws(' ', v_answer ->> 'score', v_answer ->> 'threshold', v_answer ->> 'passing_score');
end;
$$;
select is(pg_temp.answer_of(d.data), d.answer, d.why)
from (
    values
    ('{"score": 78.762, "evidence": null}'::jsonb, '78.76200 0.00000 true', 'without evidence, the score itself'),
    ('{"score": 0}', '0.00000 0.00000 false', 'which does not pass when it is 0'),
    ('{"score": "0"}', '0.00000 0.00000 false', 'in either form'),
    ('{"evidence": null}', '0.00000 0.00000 false', 'nor when there is none'),
    ('{"evidence": {"rawScore": "0E-9", "threshold": "20"}}', '0.00000 20.00000 false', 'as Python prints a zero'),
    ('{"evidence": {"rawScore": "20", "threshold": "20"}}', '20.00000 20.00000 true', 'a threshold that is met'),
    ('{"fields": {"score": null, "error": "e"}}', '0.00000 0.00000 false', 'no score'),
    ('{"evidence": {"rawScore": "NaN", "threshold": "much"}}', '0.00000 0.00000 false', 'no numbers'),
    ('[]', '0.00000 0.00000 false', 'no object')
) as d (data, answer, why);

-- Its own.
select is(
    (
        select (pg_temp.history()).answer
        from
            score_passport(
                wallet('c'), 7, stamps(stamp('Github', '{g}'))
            ) as s
        where s ->> 'score' = '2.25000'
    ) ->> 'address', wallet('a'), 'what others are scored changes nothing'
);
select is(
    (pg_temp.history('infinity', wallet('c'))).answer, score_passport(wallet('c'), 7, stamps(stamp('Github', '{g}'))),
    'a score is answered as it was when it was given'
);

select * from finish();
rollback;
