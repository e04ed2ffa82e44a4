begin;
select plan(13);

call api_access();
call put(document('Github', '{g}'));
call put(document('Google', '{o}'));
call put(document('Ens', '{e}') || '{"issuer": "did:web:elsewhere"}');
call put(document('Lens', '{l}') || '{"issuer": ["did:key:i"]}');
call put('[]');
call put('"did:key:i"');
call put(to_jsonb(repeat('x', 70000)));

select results_eq(
    $$ select a.outcome, a.left_out, a.answer, u.document::jsonb
    from ask() as a, regexp_split_to_table(a.unchecked, E'\n') as u (document)
    order by u.document $$,
    $$ select 'unchecked', null::jsonb, null::jsonb, d from (values
    (document('Github', '{g}')), (document('Google', '{o}'))) as v (d) order by d::text $$,
    'documents of which nothing is known are asked for, those of issuers that nobody trusts are not'
);
select is_empty('select from registry_passport', 'nothing is written');

select is(
    (ask(stamps(check_of(document('Google', '{o}'))))).unchecked,
    document('Github', '{g}')::text,
    'what is checked is not asked for again'
);
select is(
    (
        select count(*) from credential_check
        where digest = sha256(convert_to(document('Google', '{o}')::text, 'UTF8'))
    ),
    1::bigint,
    'its check is kept though nothing can be scored yet'
);
select is_empty('select from registry_passport', 'nothing is written yet');

select is(
    (ask(stamps(check_of(document('Github', '{g}'))))).answer ->> 'score', '3.25000',
    'when all are known they are scored'
);
select is((ask()).answer ->> 'score', '3.25000', 'from then on at once');

select is(
    (ask(p_verifier => 'v2')).outcome, 'unchecked', 'what another verifier has checked is not known'
);
select is((ask()).outcome, 'scored', 'and is, again, to the first');

-- A twin of the document in the row of another wallet.
insert into ceramic_cache (address, provider, stamp) values (wallet('b'), 'Github', document('Github', '{g}'));
select results_eq(
    $$ select outcome, left_out from ask(p_address => wallet('b')) $$,
    $$ values ('scored', '[["Github", "other_subject"]]'::jsonb) $$,
    'a document is known wherever it is stored, and does not count there'
);

update ceramic_cache set stamp = jsonb_set(stamp, '{credentialSubject,nullifiers}', '["other"]')
where address = wallet('a') and provider = 'Github';
select is(
    (ask()).unchecked, document('Github', '{other}')::text, 'a document that changed is asked for'
);

call put(document('Github', '{other}'));
select is(
    (ask()).unchecked, document('Github', '{other}')::text, 'once, however often the wallet holds it'
);
delete from ceramic_cache;
select is((ask()).answer ->> 'score', '0.00000', 'a wallet that holds nothing is scored at once');

select * from finish();
rollback;
