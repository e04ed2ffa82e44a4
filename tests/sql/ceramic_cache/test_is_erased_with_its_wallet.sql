begin;
select plan(3);

call api_access();
call put(document('Github', '{g}'));
insert into ceramic_cache_revocation (ceramic_cache_id) select id from ceramic_cache;
call put(document('Ens', '{e}'));
create temporary table scored as
select score_passport(w.address, 7, stamps(stamp('Ens', array[w.name || 'e'])))
from (values (wallet('a'), 'a'), (wallet('b'), 'b')) as w (address, name);

select is(
    erase_wallet(wallet('a')),
    '{
        "registry_score": 1, "registry_stamp": 1, "registry_passport": 1, "registry_hashscorerlink": 1,
        "registry_event": 1, "ceramic_cache": 2, "human_points_passingscorerecord": 0, "credential_check": 0,
        "human_points_stampaction": 0, "human_points_bonusaward": 0, "human_points_wallet": 0, "credential_digest": 0
    }'::jsonb,
    'where all tables are ours, from all of them'
);
select is_empty('select from ceramic_cache_revocation', 'revocations too');
select results_eq(
    $$ select address::text from registry_passport union all select address from registry_hashscorerlink
    union all select address from registry_event $$,
    $$ values (wallet('b')), (wallet('b')), (wallet('b')) $$,
    'another wallet keeps everything'
);

select * from finish();
rollback;
