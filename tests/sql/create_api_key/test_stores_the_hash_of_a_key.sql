begin;
select plan(21);

call api_access();
create temporary table made as
select create_api_key(1, 'new', api_key('new.key')) as id;
select is((authenticate_api_key('new', api_key('new.key'))).account_id, 1::bigint, 'the key works at once');
select is((authenticate_api_key('new', api_key('new.other'))).account_id, null, 'and no other');
select is(
    create_api_key(1, 'new', api_key('new.key')), (select m.id from made as m), 'the same call again makes no other'
);
select throws_ok(
    $$ select create_api_key(1, 'new', api_key('new.other')) $$, 'SC103', 'prefix taken', 'a prefix that is taken'
);
insert into account_account (id) values (2);
select throws_ok(
    $$ select create_api_key(2, 'new', api_key('new.key')) $$, 'SC103', 'prefix taken', 'by another account too'
);
select results_eq(
    $$ select k.name, k.state, k.expires_at, k.rate_limit, k.read_scores, k.historical_endpoint
    from list_api_keys() as k where k.prefix = 'new' $$,
    $$ values ('', 'works', null::timestamptz, null, true, false) $$,
    'unless it is said, it never expires, has no limit and may read scores'
);
select lives_ok(
    $$ select create_api_key(1, 'full', api_key('full.key'), 'Full', '2090-01-01Z', '125/15m', false, true) $$,
    'all can be said'
);
select results_eq(
    $$ select k.name, k.state, k.expires_at, k.rate_limit, k.read_scores, k.historical_endpoint
    from list_api_keys() as k where k.prefix = 'full' $$,
    $$ values ('Full', 'works', '2090-01-01Z'::timestamptz, '125/15m', false, true) $$,
    'and is kept'
);
select throws_ok(
    $$ select create_api_key(9, 'x', api_key('x.y')) $$, 'SC102', 'unknown account', 'an account that is not there'
);
select throws_ok(
    $$ select create_api_key(1, 'ninechars', api_key('x.y')) $$,
    'SC104',
    'invalid argument',
    'a prefix that is too long'
);
select throws_ok($$ select create_api_key(1, '', api_key('x.y')) $$, 'SC104', 'invalid argument', 'none');
select throws_ok($$ select create_api_key(1, 'a.b', api_key('x.y')) $$, 'SC104', 'invalid argument', 'one with a dot');
select throws_ok($$ select create_api_key(1, 'x', 'x.y') $$, 'SC104', 'invalid argument', 'the key itself');
select throws_ok(
    $$ select create_api_key(1, 'x', api_key('x.y'), repeat('x', 51)) $$, 'SC104', 'invalid argument', 'a long name'
);
select throws_ok(
    $$ select create_api_key(1, 'x', api_key('x.y'), p_rate_limit => 'often') $$, 'SC104', 'invalid argument',
    'a rate limit of another form'
);

select throws_ok(
    format($$ select create_api_key(1, 'x', api_key('x.y'), p_rate_limit => %L) $$, l.rate_limit), 'SC104',
    'invalid argument', 'one that the table would not keep'
) from (values ('1/0m'), ('1/00015m'), ('1234567890/m')) as l (rate_limit);
select throws_ok(
    format($$ select create_api_key(1, 'x', api_key('x.y'), p_expires_at => %L) $$, e.expires_at), 'SC104',
    'invalid argument', e.why
) from (
    values
    ('-infinity', 'an expiry that clients cannot read'),
    ('10000-01-01Z', 'nor this one'),
    (now()::text, 'one that has passed')
) as e (expires_at, why);

select * from finish();
rollback;
