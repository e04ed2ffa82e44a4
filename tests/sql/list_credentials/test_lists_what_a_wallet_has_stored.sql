begin;
select plan(3);

call api_access();
call put(document('Github', '{g}'), p_updated_at => '2026-01-01Z');
call put(document('Ens', '{e}'), p_updated_at => '2026-01-02Z');
call put(to_jsonb('odd'::text), 'Odd', '2026-01-03Z');
update ceramic_cache set deleted_at = '2026-01-04Z'
where provider = 'Github';
insert into ceramic_cache_revocation (ceramic_cache_id)
select c.id from ceramic_cache as c
where c.provider = 'Ens';
select results_eq(
    $$ select c.provider, c.state, c.issuer, c.expiration_date, c.updated_at, c.deleted_at
    from list_credentials('0x' || repeat('A', 40)) as c $$,
    $$ values
    ('Odd', 'live', null::text, null::text, '2026-01-03Z'::timestamptz, null::timestamptz),
    ('Ens', 'revoked', 'did:key:i', '2090-01-01T00:00:00Z', '2026-01-02Z', null),
    ('Github', 'deleted', 'did:key:i', '2090-01-01T00:00:00Z', '2026-01-01Z', '2026-01-04Z') $$,
    'newest first, whatever became of each'
);
select is_empty($$ select from list_credentials(wallet('b')) $$, 'another wallet has none');
select throws_ok($$ select list_credentials('0x1') $$, 'SC001', 'invalid address', 'an address that is none');

select * from finish();
rollback;
