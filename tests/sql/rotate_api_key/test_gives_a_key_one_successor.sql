begin;
select plan(19);

call api_access();
do $$ begin perform change_api_key('test', 'Named', null, '1/1s', false, true); end $$;
create temporary table made as
select rotate_api_key('test', 'next', api_key('next.key'), '1 hour') as id;
select results_eq(
    $$ select k.prefix, k.account_id, k.name, k.state, k.rate_limit, k.read_scores, k.historical_endpoint, k.expires_at
    from list_api_keys() as k inner join made as m on m.id::text = k.id $$,
    $$ values ('next', 1::bigint, 'Named', 'works', '1/1s', false, true, null::timestamptz) $$,
    'the new key has the name, the limits and the permissions of the old one'
);
select results_eq(
    $$ select k.successor, k.state, k.expires_at from list_api_keys() as k where k.prefix = 'test' $$,
    $$ values ('next', 'works', now() + interval '1 hour') $$,
    'the old one expires after the overlap'
);
select is((authenticate_api_key('test', api_key('test.key'))).account_id, 1::bigint, 'until then it works');
select is((authenticate_api_key('next', api_key('next.key'))).account_id, 1::bigint, 'and the new one does');

select is(
    rotate_api_key('test', 'next', api_key('next.key'), '1 hour'), (select m.id from made as m),
    'the same call again makes no other'
);
select throws_ok(
    $$ select rotate_api_key('test', 'third', api_key('third.key')) $$, 'SC106', 'rotated already', 'a second successor'
);
select throws_ok(
    $$ select rotate_api_key('next', 'test', api_key('test.new')) $$, 'SC103', 'prefix taken', 'a prefix that is taken'
);
select throws_ok(
    $$ select rotate_api_key('next', 'next', api_key('next.key')) $$, 'SC103', 'prefix taken', 'or the key itself'
);
select lives_ok(
    $$ select rotate_api_key('next', 'third', api_key('third.key'), '0') $$, 'the successor has one in turn'
);
select is(
    (authenticate_api_key('next', api_key('next.key'))).account_id, null, 'without an overlap it works no longer'
);

do $$ begin perform create_api_key(1, 'short', api_key('short.key'), '', now() + interval '1 minute'); end $$;
do $$ begin perform rotate_api_key('short', 'short2', api_key('short2.key'), '1 day'); end $$;
select results_eq(
    $$ select k.expires_at from list_api_keys() as k where k.prefix like 'short%' $$,
    $$ values (now() + interval '1 minute'), (now() + interval '1 minute') $$,
    'no key works longer than it would have'
);
do $$ begin perform revoke_api_key('third'); end $$;
select throws_ok(
    $$ select rotate_api_key('third', 'x', api_key('x.y')) $$, 'SC107', 'key works no longer', 'a key that is revoked'
);
insert into account_apikey (account_id, prefix, hashed_key, expiry_date) values
(1, 'expired', api_key('expired.key'), now());
select throws_ok(
    $$ select rotate_api_key('expired', 'x', api_key('x.y')) $$, 'SC107', 'key works no longer', 'one that has expired'
);
select throws_ok(
    $$ select rotate_api_key('none', 'x', api_key('x.y')) $$, 'SC102', 'unknown API key', 'one that is not there'
);
select throws_ok(
    $$ select rotate_api_key('short2', 'x', 'x.y') $$, 'SC104', 'invalid argument', 'the new key itself'
);
select throws_ok(
    $$ select rotate_api_key('short2', 'x', api_key('x.y'), '-1 day') $$, 'SC104', 'invalid argument',
    'an overlap before now'
);
select throws_ok(
    $$ select rotate_api_key('short2', 'x', api_key('x.y'), '20000 years') $$, 'SC104', 'invalid argument',
    'one that is too long'
);
select throws_ok(
    $$ select rotate_api_key('short2', 'x', api_key('x.y'), null) $$, 'SC104', 'invalid argument', 'or none'
);
select is_empty($$ select from list_api_keys() as k where k.prefix = 'x' $$, 'which made no key');

select * from finish();
rollback;
