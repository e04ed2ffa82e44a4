begin;
select plan(4);

call community(7);
insert into account_apikey (account_id, prefix, hashed_key) values (1, 'good', api_key('good.key'));
insert into ceramic_cache (address, provider, stamp)
select wallet('a'), 'P' || n, '{}' from generate_series(1, 1000) as n;

select is(
    (
        select count(*) from load_passport('good', api_key('good.key'), 7, wallet('a'))
        where outcome = 'ok'
    ),
    1000::bigint,
    'a thousand live credentials are loaded'
);

insert into ceramic_cache (address, provider, stamp, deleted_at) values (wallet('a'), 'Gone', '{}', now());
select is(
    (
        select count(*) from load_passport('good', api_key('good.key'), 7, wallet('a'))
        where outcome = 'ok'
    ),
    1000::bigint,
    'deleted ones do not count'
);

insert into ceramic_cache (address, provider, stamp) values (wallet('a'), 'One more', '{}');
select results_eq(
    $$ select outcome, provider, credential from load_passport('good', api_key('good.key'), 7, wallet('a')) $$,
    $$ values ('too_many_credentials', null::text, null::text) $$,
    'one more is refused, and nothing is loaded'
);

insert into ceramic_cache (address, provider, stamp)
select wallet('b'), 'P' || n, to_jsonb(repeat('x', n - 2)) from generate_series(65536, 65537) as n;
select results_eq(
    $$ select provider, octet_length(credential) from load_passport('good', api_key('good.key'), 7, wallet('b')) $$,
    $$ values ('P65536', 65536), ('P65537', null) $$,
    'a document of more than 65,536 bytes stays in the database'
);

select * from finish();
rollback;
