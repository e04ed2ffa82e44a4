begin;
select plan(4);

call api_access();
insert into account_account (id) values (2);
insert into account_apikey (account_id, prefix, hashed_key, expiry_date, revoked)
values (2, 'expired', '', now(), false), (2, 'revoked', '', null, true);
select results_eq(
    $$ select k.prefix, k.account_id, k.state from list_api_keys() as k order by k.prefix $$,
    $$ values ('expired', 2::bigint, 'expired'), ('revoked', 2, 'revoked'), ('test', 1, 'works') $$,
    'all keys'
);
select results_eq(
    $$ select k.prefix, k.last_used_at from list_api_keys(1) as k $$, $$ values ('test', null::timestamptz) $$,
    'those of an account; one that was not used'
);
do $$ begin perform ask(); end $$;
select is((select k.last_used_at from list_api_keys(1) as k), now(), 'and then was');
select is_empty(
    $$ select from list_api_keys() as k where k::text like '%' || substr(api_key('test.key'), 8) || '%' $$,
    'no hash is given'
);

select * from finish();
rollback;
