begin;
select plan(6);

call api_access();
call put(document('Github', '{g}'));
call put(document('Google', '{o}'));
call put(document('Ens', '{e}'));

select results_eq(
    $$ select answer ->> 'score', left_out from ask(stamps(
        check_of(document('Github', '{g}')),
        check_of(document('Google', '{o}')),
        check_of(document('Google', '{o}'), 'bad_proof'),
        check_of(document('Ens', '{e}'), 'bad_proof')
    )) $$,
    $$ values ('3.25000', '[["Ens", "bad_proof"]]'::jsonb) $$,
    'checks count in the request that brings them, of two the first'
);
select results_eq(
    $$ select
        issuer, subject, provider, nullifiers, expires_at, signed_at, fault, verifier, checked_at,
        digest = sha256(convert_to(document('Github', '{g}')::text, 'UTF8'))
    from credential_check where provider = 'Github' $$,
    $$ values (
        'did:key:i', 'did:pkh:eip155:1:' || wallet('a'), 'Github', '["g"]'::jsonb, '2090-01-01Z'::timestamptz,
        '2026-01-01Z'::timestamptz, null, 'v1', now(), true
    ) $$,
    'what was established is kept'
);

-- As two requests do that check the same documents at the same time.
select is(
    (
        ask(stamps(
            check_of(document('Github', '{g}'), 'bad_proof'),
            check_of(document('Google', '{o}'), 'bad_proof'),
            check_of(document('Ens', '{e}'))
        ))
    ).answer ->> 'score',
    '3.25000', 'what is kept already stays as it is'
);
select results_eq(
    'select provider, fault from credential_check order by provider, fault',
    $$ values ('Github', null), ('Google', null), (null, 'bad_proof') $$,
    'a row a document'
);

select throws_ok(
    $$ select ask('[{"digest": "00", "fault": "odd"}]') $$, '23514', null, 'a digest that is none is refused'
);
select throws_ok(
    $$ select ask(stamps(check_of(document('New', '{}')))) $$, '23514', null, 'and so is a check without nullifiers'
);

select * from finish();
rollback;
