begin;
select plan(8);

call api_access();
prepare used as
select u.last_used_at from api_key_use as u;
select is((authenticate_api_key('test', api_key('test.wrong'))).api_key_id, null, 'a wrong key has no id');
select is_empty('used', 'and was not used');
select is(
    (authenticate_api_key('test', api_key('test.key'))).api_key_id, (select k.id::text from scorer.account_apikey as k),
    'a key has one'
);
select results_eq('used', 'values (now())', 'when it was used is kept');
update api_key_use set last_used_at = now() - interval '59 minutes';
do $$ begin perform authenticate_api_key('test', api_key('test.key')); end $$;
select results_eq('used', $$ values (now() - interval '59 minutes') $$, 'for less than an hour it stays');
update api_key_use set last_used_at = now() - interval '1 hour';
select is((ask()).outcome, 'scored', 'a request is answered');
select results_eq('used', 'values (now())', 'and after an hour is kept');
update api_key_use set last_used_at = now() - interval '2 hours';
update account_apikey set revoked = true;
do $$ begin perform ask(); end $$;
select results_eq('used', $$ values (now() - interval '2 hours') $$, 'a revoked key is not used');

select * from finish();
rollback;
