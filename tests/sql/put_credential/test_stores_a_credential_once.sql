begin;
select plan(9);

call api_access();
create temporary table made as
select put_credential('0x' || repeat('A', 40), document('Github', '{g}')) as id;
select results_eq(
    'select c.id, c.address::text, c.provider::text, c.stamp from ceramic_cache as c',
    $$ select m.id, wallet('a'), 'Github', document('Github', '{g}') from made as m $$,
    'a credential is stored under its provider'
);
select is(
    (ask(stamps(check_of(document('Github', '{g}'))))).answer ->> 'score', '2.25000', 'and counts in the next request'
);
select is(put_credential(wallet('a'), document('Github', '{g}')), (select m.id from made as m), 'once');
select isnt(put_credential(wallet('a'), document('Github', '{h}')), (select m.id from made as m), 'another is another');
do $$ begin perform revoke_credentials((select m.id from made as m)); end $$;
select isnt(
    put_credential(wallet('a'), document('Github', '{g}')), (select m.id from made as m),
    'one that was revoked is stored anew'
);
select throws_ok(
    $$ select put_credential(wallet('b'), document('Github', '{g}')) $$, 'SC104', 'invalid credential',
    'a credential of another wallet'
);
select throws_ok(
    $$ select put_credential(wallet('a'), document('', '{g}')) $$, 'SC104', 'invalid credential', 'one without provider'
);
select throws_ok(
    $$ select put_credential(wallet('a'), '[]') $$, 'SC104', 'invalid credential', 'what is no credential'
);
select throws_ok(
    $$ select put_credential('0x1', document('Github', '{g}')) $$, 'SC001', 'invalid address', 'an address that is none'
);

select * from finish();
rollback;
