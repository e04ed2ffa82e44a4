begin;
select plan(11);

call api_access();
call put(document('Github', '{g}'));
call put(document('Google', '{o}'));
select is(
    (ask(stamps(check_of(document('Github', '{g}')), check_of(document('Google', '{o}'))))).answer ->> 'score',
    '3.25000', 'two stamps count'
);

select results_eq(
    $$ select answer -> 'stamps', left_out from ask(p_trusted_issuers => '{did:key:other}') $$,
    $$ values ('{}'::jsonb, '[["Github", "untrusted_issuer"], ["Google", "untrusted_issuer"]]'::jsonb) $$,
    'an issuer that is trusted no longer'
);
select is_empty('select from registry_stamp', 'whose stamps are gone');
select results_eq(
    $$ select answer -> 'stamps', left_out from ask(p_trusted_issuers => '{}') $$,
    $$ values ('{}'::jsonb, '[["Github", "untrusted_issuer"], ["Google", "untrusted_issuer"]]'::jsonb) $$,
    'nobody is trusted'
);

update ceramic_cache set provider = 'Ens'
where provider = 'Google';
select results_eq(
    $$ select answer ->> 'score', left_out from ask() $$,
    $$ values ('2.25000', '[["Ens", "other_provider"]]'::jsonb) $$,
    'a row of another provider'
);

update ceramic_cache set deleted_at = now()
where provider = 'Ens';
select results_eq(
    'select answer ->> ''score'', left_out from ask()', $$ values ('2.25000', null::jsonb) $$, 'a deleted row'
);

update credential_check set expires_at = now()
where provider = 'Github';
select results_eq(
    $$ select answer ->> 'score', left_out from ask() $$,
    $$ values ('0.00000', '[["Github", "expired"]]'::jsonb) $$,
    'a credential that expires now'
);

update credential_check set expires_at = '2090-01-01Z', signed_at = now() + interval '1 second'
where provider = 'Github';
select results_eq(
    $$ select answer ->> 'score', left_out from ask() $$,
    $$ values ('0.00000', '[["Github", "future_proof"]]'::jsonb) $$,
    'a proof that is dated later than now'
);
update credential_check set signed_at = now()
where provider = 'Github';
select is((ask()).answer ->> 'score', '2.25000', 'until it is not');

delete from ceramic_cache;
call put(document('Lens', '{l}'), p_updated_at => '2026-01-02Z');
call put(document('Ens', '{e}'), p_updated_at => '2026-01-01Z');
call put(to_jsonb(repeat('x', 65535)), 'Large');
select results_eq(
    $$ select answer ->> 'score', left_out
    from ask(stamps(check_of(document('Lens', '{l}'), 'bad_proof'), check_of(document('Ens', '{e}'), 'odd'))) $$,
    $$ values ('0.00000', '[["Ens", "odd"], ["Lens", "bad_proof"], ["Large", "too_large"]]'::jsonb) $$,
    'what has a fault, oldest first, and what is larger than 65,536 bytes'
);
select is(
    (ask(stamps(check_of(document('Other', '{x}')), check_of(document('New', '{n}'))))).left_out #>> '{0,1}', 'odd',
    'a check of what the wallet does not hold changes nothing'
);

select * from finish();
rollback;
