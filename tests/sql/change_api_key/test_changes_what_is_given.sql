begin;
select plan(8);

call api_access();
select lives_ok(
    $$ select change_api_key('test', 'Named', '2090-01-01Z', '1/1s', false, true) $$, 'all is changed'
);
prepare shown as
select k.name, k.expires_at, k.rate_limit, k.read_scores, k.historical_endpoint
from list_api_keys() as k;
select results_eq(
    'shown', $$ values ('Named', '2090-01-01Z'::timestamptz, '1/1s', false, true) $$, 'to what was given'
);
select lives_ok($$ select change_api_key('test') $$, 'nothing is changed');
select results_eq(
    'shown', $$ values ('Named', '2090-01-01Z'::timestamptz, '1/1s', false, true) $$, 'and all stays'
);
do $$ begin perform change_api_key('test', p_expires_at => 'infinity', p_rate_limit => ''); end $$;
select results_eq(
    'shown', $$ values ('Named', null::timestamptz, null, false, true) $$, 'expiry and limit are taken away'
);
select throws_ok($$ select change_api_key('none') $$, 'SC102', 'unknown API key', 'a key that is not there');
select throws_ok(
    $$ select change_api_key('test', p_rate_limit => 'often') $$, 'SC104', 'invalid argument',
    'a rate limit of another form'
);
select throws_ok(
    format($$ select change_api_key('test', p_expires_at => %L) $$, now()), 'SC104', 'invalid argument',
    'an expiry that has passed: a key is ended by revoking it'
);

select * from finish();
rollback;
