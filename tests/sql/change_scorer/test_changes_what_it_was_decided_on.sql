begin;
select plan(13);

call community(7, '{"Github": "2.25"}', 2.5);
insert into account_community (id, account_id, scorer_id) values (8, 1, 7);
do $$ begin perform score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))); end $$;
do $$ begin perform score_passport(wallet('b'), 8, '[]'); end $$;
create temporary table before as
select s.digest from show_scorer(7) as s;

select
    is(
        change_scorer(7, b.digest, p_weights => '{"Github": 3}'), 2::bigint,
        'weights are changed, for all passports of the scorer'
    )
from before as b;
select is(
    (select s.threshold from show_scorer(8) as s), 2.5::numeric, 'the threshold stays'
);
select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) ->> 'score', '3.00000', 'the next request has them'
);
select throws_ok(
    $$ select change_scorer(7, (select b.digest from before as b), p_weights => '{"Github": 4}') $$, 'SC105',
    'changed meanwhile', 'who has not seen that is refused'
);
select throws_ok(
    'select change_scorer(7, (select b.digest from before as b), p_threshold => 1)', 'SC105', 'changed meanwhile',
    'whatever it is to change'
);
select throws_ok($$ select change_scorer(7, null, '{}') $$, 'SC105', 'changed meanwhile', 'and who has seen nothing');
select is((show_scorer(7)).weights, '{"Github": 3}', 'which changed nothing');
select is(
    change_scorer(7, (show_scorer(7)).digest, p_threshold => 1), 2::bigint, 'the threshold is changed'
);
select results_eq(
    'select s.weights, s.threshold from show_scorer(7) as s', $$ values ('{"Github": 3}'::jsonb, 1.00000) $$,
    'and the weights stay'
);
select throws_ok(
    $$ select change_scorer(7, (show_scorer(7)).digest, '{"Github": "much"}') $$, '23514', 'a weight is not a number',
    'a weight that is no number'
);
select throws_ok(
    $$ select change_scorer(7, (show_scorer(7)).digest, null, 100000) $$, 'SC104', 'invalid argument',
    'a threshold that is too large'
);
select throws_ok(
    $$ select change_scorer(7, (show_scorer(7)).digest, null, 'NaN') $$, 'SC104', 'invalid argument', 'or is none'
);
select throws_ok($$ select change_scorer(9, 'x') $$, 'SC002', 'unknown scorer', 'a community that is not there');

select * from finish();
rollback;
