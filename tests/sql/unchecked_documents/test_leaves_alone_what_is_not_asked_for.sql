begin;
select plan(5);

call api_access();
call put_numbered(1, 5);
update ceramic_cache set deleted_at = now()
where id = 1;
insert into ceramic_cache_revocation (ceramic_cache_id) values (2);
insert into ceramic_cache (id, address, provider, stamp) values
(6, wallet('a'), 'Ens', document('Ens', '{e}') || '{"issuer": "did:web:elsewhere"}'),
(7, wallet('a'), 'Lens', document('Lens', '{l}') || '{"issuer": ["did:key:i"]}'),
(8, wallet('a'), 'Odd', '[]'),
(9, wallet('a'), 'Odd', '"did:key:i"'),
(10, wallet('a'), 'Large', jsonb_build_object('issuer', 'did:key:i', 'more', repeat('x', 70000)));
select ok(
    keep_checks('v1', stamps(check_of(document('P3', '{n3}')))) = 1
    and keep_checks('v2', stamps(check_of(document('P4', '{n4}')))) = 1,
    'a document is checked, and another one by another verifier'
);

select results_eq(
    'select providers, ids_left from unchecked()', $$ values ('{P5,P4}'::text[], 0::bigint) $$,
    'what is deleted, revoked, too large, of an issuer that nobody trusts, or checked already is not given'
);
select results_eq(
    $$ select d.document::jsonb #>> '{credentialSubject,provider}'
    from ask() as a, string_to_table(a.unchecked, E'\n') as d (document) order by 1 $$,
    $$ values ('P4'), ('P5') $$, 'and a request would not ask for it either'
);
select results_eq(
    $$ select providers from unchecked(p_trusted_issuers => '{did:web:elsewhere,did:key:i}') $$,
    $$ values ('{Ens,P5,P4}'::text[]) $$, 'an issuer that is trusted from now on is looked for among all credentials'
);
select results_eq(
    $$ select providers from unchecked(p_trusted_issuers => '{did:key:i,did:web:elsewhere}') $$,
    $$ values (null::text[]) $$, 'in whatever order the issuers come'
);

select * from finish();
rollback;
