begin;
select plan(5);

call api_access();
select ok(revoke_api_key('test'), 'a key is revoked');
select is((ask()).outcome, 'invalid_key', 'and refused from then on');
select ok(not revoke_api_key('test'), 'once');
select is((select k.state from list_api_keys() as k), 'revoked', 'it is listed as such');
select throws_ok($$ select revoke_api_key('none') $$, 'SC102', 'unknown API key', 'a key that is not there');

select * from finish();
rollback;
