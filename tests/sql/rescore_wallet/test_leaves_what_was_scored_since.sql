begin;
select plan(5);

call api_access();
call put(document('Github', '{g}'));
select is((ask(stamps(check_of(document('Github', '{g}'))))).outcome, 'scored', 'a request scores it');
update scorer_weighted_binaryweightedscorer set weights = '{"Github": 3}'
where scorer_ptr_id = 7;

select results_eq(
    $$
    select outcome, answer ->> 'score', (answer ->> 'passing_score')::boolean, answer ->> 'expiration_timestamp',
    answer -> 'stamps' -> 'Github' ->> 'dedup', was_passing
    from rescored(p_since => now())
    $$,
    $$ values ('scored_since', '2.25000', false, '2090-01-01T00:00:00+00:00', 'false', false) $$,
    'a score of that time is left, and told'
);
select is(
    (rescored(p_since => now())).answer ->> 'last_score_timestamp', iso_timestamp(now()), 'with its time'
);
select results_eq(
    $$ select outcome, answer ->> 'score' from rescored(p_since => now() + interval '1 microsecond') $$,
    $$ values ('scored', '3.00000') $$,
    'one from before is scored'
);

update registry_score set last_score_timestamp = null;
select is((rescored(p_since => now())).outcome, 'scored', 'so is one of no time');

select * from finish();
rollback;
