begin;
select plan(6);

call api_access();
call community(8, p_human_points_program => true);
call put(document('Github', '{g}'));
create temporary table scored as
select
    score_passport(
        w.address, c.id,
        stamps(stamp('Ens', array[w.name || 'e']), stamp('metamaskDeveloperDao', array[w.name || 'm'])), true
    )
from (values (wallet('a'), 'a'), (wallet('b'), 'b')) as w (address, name)
cross join (values (7::bigint), (8)) as c (id);
create temporary table asked as
select (ask(stamps(check_of(document('Github', '{g}'))))).outcome as asked;
call put('{"odd": true}', 'Odd');
insert into credential_check (digest, verifier, fault)
select c.digest, 'v1', 'odd' from ceramic_cache as c
where c.provider = 'Odd';
insert into credential_check (digest, verifier, issuer, subject, provider, nullifiers, expires_at, signed_at)
values (
    sha256(''), 'v1', 'did:key:i', 'did:pkh:eip155:1:' || wallet('b'), 'Ens', '["be"]', '2090-01-01Z', '2026-01-01Z'
);

select results_eq(
    $$ select key, value::text
    from jsonb_each(erase_wallet(replace(wallet('a'), 'a', 'A')))
    where key in ('credential_check', 'human_points_stampaction', 'human_points_bonusaward', 'human_points_wallet')
    order by key $$,
    $$ values
    ('credential_check', '2'), ('human_points_bonusaward', '1'), ('human_points_stampaction', '2'),
    ('human_points_wallet', '1') $$,
    'what is ours alone is gone'
);
select is_empty(
    $$ select from credential_check where subject like '%' || wallet('a')
    union all select from human_points_stampaction where address = wallet('a')
    union all select from human_points_wallet where address = wallet('a')
    union all select from human_points_bonusaward where address = wallet('a') $$,
    'all of it'
);
select results_eq(
    $$ select array[
        (select count(*) from credential_check), (select count(*) from human_points_stampaction),
        (select count(*) from human_points_bonusaward),
        (select count(*) from registry_passport where address = wallet('b')),
        (select count(*) from registry_hashscorerlink where address = wallet('b'))
    ] $$,
    $$ values (array[1, 2, 1, 2, 4]::bigint[]) $$,
    'another wallet keeps everything'
);
select throws_ok($$ select erase_wallet('0xa') $$, 'SC001', 'invalid address', 'an address is checked');
select is(
    erase_wallet(wallet('c')) ->> 'credential_check', '0', 'a wallet that nobody knows has nothing'
);
select is_empty(
    $$ select from pg_proc as p, aclexplode(p.proacl) as a
    where p.proname = 'erase_wallet' and a.grantee <> p.proowner $$,
    'nobody calls it but the owner'
);

select * from finish();
rollback;
