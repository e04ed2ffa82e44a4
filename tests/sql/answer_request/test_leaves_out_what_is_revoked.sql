begin;
select plan(5);

call api_access();
call put(document('Github', '{old}'), p_updated_at => '2026-01-01Z');
call put(document('Github', '{new}'), p_updated_at => '2026-01-02Z');
call put(document('Google', '{o}'));
select is(
    (
        ask(stamps(
            check_of(document('Github', '{old}')),
            check_of(document('Github', '{new}')),
            check_of(document('Google', '{o}'))
        ))
    ).answer ->> 'score',
    '3.25000', 'two stamps count'
);

insert into ceramic_cache_revocation (ceramic_cache_id)
select id from ceramic_cache
where stamp in (document('Google', '{o}'), document('Github', '{new}'));
select results_eq(
    $$ select answer ->> 'score', left_out from ask() $$, $$ values ('2.25000', null::jsonb) $$,
    'a revoked credential is left out, an older one of its provider counts'
);
select results_eq(
    $$ select provider::text from registry_stamp $$, $$ values ('Github') $$, 'the stamp of a revoked one is gone'
);
select is(
    (
        select expires_at from registry_hashscorerlink
        where hash = 'o'
    ), '2090-01-01Z'::timestamptz,
    'its nullifier stays claimed'
);

delete from ceramic_cache_revocation;
select is((ask()).answer ->> 'score', '3.25000', 'a revocation can be taken back');

select * from finish();
rollback;
