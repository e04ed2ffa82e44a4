begin;
select plan(12);

insert into account_account (id) values (1);
create temporary table made as
select create_community(1, 'Mine', '{"Github": "2.25"}', 2.123456, true, '1700000000000000000000') as id;
select results_eq(
    $$ select c.account_id, c.name, c.external_scorer_id, c.human_points_program, c.threshold, c.providers
    from list_communities() as c inner join made as m on m.id = c.id $$,
    $$ values (1::bigint, 'Mine', '1700000000000000000000', true, 2.12346::numeric, 1::bigint) $$,
    'it is listed with what its scorer comes to'
);
select
    is(
        score_passport(wallet('a'), m.id, stamps(stamp('Github', '{g}'))) ->> 'score', '2.25000', 'and scores at once'
    )
from made as m;
select isnt(create_community(1, 'Second', '{}', 0), (select m.id from made as m), 'another has an id of its own');
select is((select count(*) from list_communities(1)), 2::bigint, 'they are those of the account');
select is((select count(*) from list_communities(2)), 0::bigint, 'and not of another');

select throws_ok(
    $$ select create_community(9, 'Mine', '{}', 1) $$, 'SC102', 'unknown account', 'an account that is not there'
);
select throws_ok(
    $$ select create_community(1, 'Mine', '{}', 1, false, '1700000000000000000000') $$, 'SC108', 'scorer id taken',
    'an external scorer id that another has'
);
select throws_ok(
    $$ select create_community(1, 'Mine', '{}', 1, false, 'seven') $$, 'SC104', 'invalid argument',
    'one that no path can name'
);
select throws_ok(
    $$ select create_community(1, repeat('x', 101), '{}', 1) $$, 'SC104', 'invalid argument', 'a name that is too long'
);
select throws_ok(
    $$ select create_community(1, 'Mine', null, 1) $$, 'SC104', 'invalid argument', 'weights that are missing'
);
select throws_ok(
    $$ select create_community(1, 'Mine', '{"Github": "much"}', 1) $$, '23514', 'a weight is not a number',
    'a weight that is no number'
);
select throws_ok(
    $$ select create_community(1, 'Mine', '{}', 100000) $$, 'SC104', 'invalid argument', 'a threshold that is too large'
);

select * from finish();
rollback;
