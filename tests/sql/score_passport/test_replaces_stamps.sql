begin;
select plan(6);

call community(7);

create temporary table answer as
select score_passport(
    wallet('a'), 7, stamps(stamp('Github', '{g}'), stamp('Google', '{o}'), stamp('Ens', '{e}'))
) as body;

create temporary table stored as select id, provider, ctid as place from registry_stamp;

insert into registry_stamp (passport_id, provider, credential)
select passport_id, provider, credential from registry_stamp
where provider = 'Github';

update answer set body = score_passport(
    wallet('a'), 7,
    stamps(stamp('Github', '{g}'), stamp('Google', '{o}', '2091-01-01T00:00:00Z'), stamp('Lens', '{l}'))
);

select results_eq(
    $$ select provider::text, credential ->> 'expirationDate' from registry_stamp order by 1 $$,
    $$ values
    ('Github', '2090-01-01T00:00:00Z'), ('Google', '2091-01-01T00:00:00Z'), ('Lens', '2090-01-01T00:00:00Z') $$,
    'what changed is replaced, what went is gone, what was there twice is there once'
);

select results_eq(
    $$ select id, ctid from registry_stamp where provider = 'Github' $$,
    $$ select id, place from stored where provider = 'Github' $$,
    'an unchanged stamp is not rewritten'
);

update answer set body = score_passport(wallet('b'), 7, stamps(stamp('Ens', '{e2}')));
select is((select count(*) from registry_stamp), 4::bigint, 'another passport keeps its stamps');

update answer set body = score_passport(wallet('a'), 7, '[]');
select results_eq(
    $$ select provider::text from registry_stamp $$, array['Ens'], 'without stamps nothing is stored'
);

-- All with one document, which another passport has as well, and which is then written otherwise.
update answer set body = score_passport(wallet('d'), 7, stamps(stamp('Github', '{d}') || '{"credential": {"n": 1.0}}'));
update answer set body = score_passport(wallet('c'), 7, stamps(stamp('Github', '{c}') || '{"credential": {"n": 1.0}}'));
update answer set body = score_passport(wallet('c'), 7, stamps(stamp('Google', '{c}') || '{"credential": {"n": 1.0}}'));

create function pg_temp.stored(p_wallet text)
returns setof text language sql as $$
select concat_ws(' ', s.provider, s.credential ->> 'n')
from scorer.registry_stamp as s inner join scorer.registry_passport as p on p.id = s.passport_id
where p.address = p_wallet
$$;

select results_eq(
    $$ select pg_temp.stored(wallet('c')) $$, array['Google 1.0'], 'a document is stored for its provider and passport'
);

update answer set
    body = score_passport(wallet('c'), 7, stamps(stamp('Google', '{c}') || '{"credential": {"n": 1.00}}'));
select results_eq(
    $$ select pg_temp.stored(wallet('c')) $$, array['Google 1.00'], 'as it was written'
);

select * from finish();
rollback;
