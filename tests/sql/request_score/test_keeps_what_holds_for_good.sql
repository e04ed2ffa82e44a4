begin;
select plan(9);

call api_access();
call put(document('Github', '{g}'));
call put(document('Google', '{o}'));
call put(document('Ens', '{e}'));

select results_eq(
    $$ select answer ->> 'score', left_out from ask(stamps(
        check_of(document('Github', '{g}')),
        check_of(document('Google', '{o}'), p_kept => false),
        check_of(document('Ens', '{e}'), 'unverifiable', p_kept => false)
    )) $$,
    $$ values ('3.25000', '[["Ens", "unverifiable"]]'::jsonb) $$,
    'checks that do not hold for good count once'
);
select results_eq(
    'select provider from credential_check', $$ values ('Github') $$, 'and are not kept'
);
select results_eq(
    $$ select d::jsonb #>> '{credentialSubject,provider}'
    from ask(), regexp_split_to_table(unchecked, E'\n') as d order by 1 $$,
    $$ values ('Ens'), ('Google') $$,
    'so that they are made again'
);

select results_eq(
    $$ select
        issuer, subject, provider, nullifiers, expires_at, typed, fault, verifier, checked_at,
        digest = sha256(convert_to(document('Github', '{g}')::text, 'UTF8'))
    from credential_check $$,
    $$ values (
        'did:key:i', 'did:pkh:eip155:1:' || wallet('a'), 'Github', '["g"]'::jsonb, '2090-01-01Z'::timestamptz, true,
        null, 'v1', now(), true
    ) $$,
    'what was established is kept'
);

-- As where another request has kept a check that this one could not.
select results_eq(
    $$ select answer ->> 'score', left_out from ask(stamps(
        check_of(document('Github', '{g}'), 'bad_proof', p_kept => false),
        check_of(document('Google', '{o}'), p_kept => false),
        check_of(document('Google', '{o}'), p_kept => false),
        check_of(document('Ens', '{e}'), 'unverifiable', p_kept => false)
    )) $$,
    $$ values ('3.25000', '[["Ens", "unverifiable"]]'::jsonb) $$,
    'what is kept goes before what is brought, and what is brought twice counts once'
);

-- As two requests do that check the same documents at the same time.
select is(
    (
        ask(stamps(
            check_of(document('Github', '{g}'), 'bad_proof'),
            check_of(document('Google', '{o}'), 'bad_proof'),
            check_of(document('Google', '{o}')),
            check_of(document('Ens', '{e}'), 'bad_proof')
        ))
    ).answer ->> 'score',
    '2.25000', 'what is kept already stays as it is'
);
select results_eq(
    'select provider, fault from credential_check order by provider, fault',
    $$ values ('Github', null), (null, 'bad_proof'), (null, 'bad_proof') $$,
    'and of two checks the first is kept'
);

select throws_ok(
    $$ select ask('[{"digest": "00", "kept": true, "fault": "odd"}]') $$, '23514', null,
    'a digest that is none is refused'
);
select throws_ok(
    $$ select ask(stamps(check_of(document('New', '{}')))) $$, '23514', null, 'and so is a check without nullifiers'
);

select * from finish();
rollback;
