begin;
select plan(6);

call api_access();
insert into ceramic_cache (address, provider, stamp)
select wallet('a'), 'P' || n, '{}' from generate_series(1, 1000) as n;

select is((ask()).outcome, 'scored', 'a thousand live credentials are read');

insert into ceramic_cache (address, provider, stamp, deleted_at) values (wallet('a'), 'Gone', '{}', now());
select is((ask()).outcome, 'scored', 'deleted ones do not count');

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

select * from finish();
rollback;
