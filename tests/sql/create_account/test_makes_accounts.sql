begin;
select plan(4);

create temporary table made as
select create_account('0x' || repeat('A', 40)) as id;
select results_eq(
    'select a.id, a.address, a.communities, a.api_keys from list_accounts() as a',
    $$ select m.id, wallet('a'), 0::bigint, 0::bigint from made as m $$,
    'an account is made, its address in lower case'
);
call api_access();
insert into account_apikey (account_id, prefix, hashed_key, revoked) values (1, 'old', '', true);
select results_eq(
    'select a.id, a.communities, a.api_keys from list_accounts() as a where a.id = 1',
    'values (1::bigint, 1::bigint, 2::bigint)',
    'and listed with how many communities and keys it has'
);
select throws_ok($$ select create_account('0x1') $$, 'SC001', 'invalid address', 'an address that is none is refused');
select throws_ok('select create_account(null)', 'SC001', 'invalid address', 'and none at all');

select * from finish();
rollback;
