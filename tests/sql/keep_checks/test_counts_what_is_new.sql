begin;
select plan(4);

select is(
    keep_checks('v1', stamps(check_of(document('Github', '{g}')), check_of(document('Ens', '{e}'), 'bad_proof'))),
    2::bigint, 'checks that nobody has kept are new'
);
select is(
    keep_checks('v1', stamps(check_of(document('Google', '{o}')), check_of(document('Ens', '{e}')))),
    1::bigint, 'one that somebody has kept is not'
);
select results_eq(
    'select provider, fault from credential_check order by provider, fault',
    $$ values ('Github', null), ('Google', null), (null, 'bad_proof') $$,
    'and stays as it is'
);
select is(keep_checks('v2', stamps(check_of(document('Ens', '{e}')))), 1::bigint, 'of another verifier it is');

select * from finish();
rollback;
