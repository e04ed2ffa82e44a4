begin;
select plan(9);

call community(7);
insert into account_apikey (account_id, prefix, hashed_key) values (1, 'good', api_key('good.key'));
grant usage on schema tap to scorer_api, scorer_caller;

set local role scorer_caller;
select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) ->> 'score', '2.25000', 'scorer_caller scores'
);
select throws_ok(
    $$ select * from load_passport('good', api_key('good.key'), 7, wallet('a')) $$, '42501', null,
    'scorer_caller cannot load'
);
select throws_ok('select from registry_score', '42501', null, 'scorer_caller reads no table');
select throws_ok('select from account_apikey', '42501', null, 'scorer_caller reads no key');

set local role scorer_api;
select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) ->> 'score', '2.25000', 'scorer_api scores'
);
select is((load_passport('good', api_key('good.key'), 7, wallet('a'))).outcome, 'ok', 'scorer_api loads');
select throws_ok('select from account_apikey', '42501', null, 'scorer_api reads no table');
select throws_ok(
    $$ select * from authenticate_api_key('good', api_key('good.key')) $$, '42501', null,
    'scorer_api does not look up keys but by load_passport'
);

-- What an attacker makes in pg_temp does not stand in for a table of ours.
create temporary table registry_passport (id bigint default 99, address text, community_id bigint);
select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) ->> 'score', '2.25000',
    'a temporary table of the same name is not used'
);
reset role;

select * from finish();
rollback;
