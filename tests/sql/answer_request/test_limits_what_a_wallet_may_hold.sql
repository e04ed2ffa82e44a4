begin;
select plan(11);

call api_access();
insert into ceramic_cache (address, provider, stamp)
select wallet('a'), 'P' || n, '{}' from generate_series(1, 1000) as n;

select is((ask()).outcome, 'scored', 'a thousand live credentials are read');

insert into ceramic_cache (address, provider, stamp, deleted_at) values (wallet('a'), 'Gone', '{}', now());
select is((ask()).outcome, 'scored', 'deleted ones do not count');
insert into ceramic_cache (address, provider, stamp) values (wallet('a'), 'Revoked', '{}');
insert into ceramic_cache_revocation (ceramic_cache_id) select id from ceramic_cache
where provider = 'Revoked';
select is((ask()).outcome, 'scored', 'nor do revoked ones');

call put(document('One more', '{g}'));
select results_eq(
    'select outcome, unchecked, left_out, answer from ask()',
    $$ values ('too_many_credentials', null::text, null::jsonb, null::jsonb) $$,
    'one more is refused, and nothing is asked for'
);

delete from ceramic_cache;
create temporary table documents as
select document('P' || n, array(select n || '.' || m from generate_series(1, 1000) as m)) as document
from generate_series(1, 11) as n;
insert into ceramic_cache (address, provider, stamp)
select wallet('a'), d.document #>> '{credentialSubject,provider}', d.document from documents as d;
select is(
    (ask((select jsonb_agg(check_of(d.document)) from documents as d))).outcome, 'too_many_credentials',
    'more than 10,000 nullifiers are refused'
);
select is((ask()).outcome, 'too_many_credentials', 'without checking them again');
delete from ceramic_cache
where provider = 'P11';
select is((ask()).outcome, 'scored', 'ten thousand are scored');

-- 2 MiB of documents at a time.
delete from ceramic_cache;
create temporary table long as
select
    n,
    document('L' || lpad(n::text, 2, '0'), array['n' || n]) || jsonb_build_object('x', repeat('x', 60000)) as document
from generate_series(1, 80) as n;
insert into ceramic_cache (address, provider, stamp, updated_at)
select
    wallet('a'),
    l.document #>> '{credentialSubject,provider}',
    l.document,
    timestamptz '2026-01-01Z' + l.n * interval '1 s'
from long as l
order by md5(l.n::text);
create function pg_temp.asked(p_checks jsonb default '[]') returns text language sql as
$$
select min(d::jsonb #>> '{credentialSubject,provider}') || ' to ' || max(d::jsonb #>> '{credentialSubject,provider}')
from ask(p_checks) as a, regexp_split_to_table(a.unchecked, E'\n') as d
$$;
select is(pg_temp.asked(), 'L01 to L35', 'of many bytes of documents some are asked for, of the oldest credentials');
select is(
    pg_temp.asked((
        select jsonb_agg(check_of(l.document, 'odd')) from long as l
        where l.n <= 35
    )),
    'L36 to L70', 'then the next'
);
select is(
    pg_temp.asked((
        select jsonb_agg(check_of(l.document, 'odd')) from long as l
        where l.n between 36 and 70
    )),
    'L71 to L80', 'until there are no more'
);
select is(
    jsonb_array_length((ask((
        select jsonb_agg(check_of(l.document, 'odd')) from long as l
        where l.n > 70
    ))).left_out),
    80, 'and the wallet is scored'
);

select * from finish();
rollback;
