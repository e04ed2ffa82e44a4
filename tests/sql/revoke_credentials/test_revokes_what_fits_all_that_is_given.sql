begin;
select plan(9);

call api_access();
insert into ceramic_cache (id, address, provider, stamp, proof_value) values
(1, wallet('a'), 'Github', '{}', 'proof1'), (2, wallet('a'), 'Ens', '{}', ''), (3, wallet('b'), 'Github', '{}', ''),
(4, wallet('b'), 'Ens', '{}', ''), (5, wallet('c'), 'Ens', '{}', '');
select is(revoke_credentials(1), 1::bigint, 'one');
select results_eq(
    'select r.ceramic_cache_id, r.proof_value::text from ceramic_cache_revocation as r',
    $$ values (1::bigint, 'proof1') $$, 'that one'
);
select is(revoke_credentials(1), 0::bigint, 'once');
select is(revoke_credentials(p_address => '0x' || repeat('A', 40)), 1::bigint, 'those of a wallet that are left');
select
    is(revoke_credentials(p_address => wallet('b'), p_provider => 'Ens'), 1::bigint, 'those of a wallet''s provider');
select is(revoke_credentials(p_provider => 'Ens'), 1::bigint, 'those of a provider that are left');
select results_eq(
    'select r.ceramic_cache_id from ceramic_cache_revocation as r order by 1',
    'values (1::bigint), (2), (4), (5)', 'and no other'
);
select throws_ok('select revoke_credentials(9)', 'SC102', 'unknown credential', 'one that is not there');
select throws_ok('select revoke_credentials()', 'SC104', 'invalid argument', 'nothing that is given');

select * from finish();
rollback;
