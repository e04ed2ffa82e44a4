begin;
select plan(5);

call api_access();
insert into ceramic_cache (address, provider, stamp)
select wallet('a'), 'P' || n, to_jsonb(n)
from generate_series(1, 1000) as n;
select is(explain_score(wallet('a'), 7, '{}', 'v1') ->> 'outcome', 'scored', 'a thousand credentials are read');
call put('{}');
select is((ask(p_trusted_issuers => '{}')).outcome, 'too_many_credentials', 'one more is refused');
select results_eq(
    $$ select e ->> 'outcome', e -> 'score' from explain_score(wallet('a'), 7, '{}', 'v1') as e $$,
    $$ values ('too_many_credentials', 'null'::jsonb) $$, 'and said to be'
);

delete from ceramic_cache;
call put(document('Github', '{g}'));
call unguard_weights();
update scorer_weighted_binaryweightedscorer set weights = '{"Github": "much"}';
select throws_ok(
    $$ select explain_score(wallet('a'), 7, '{did:key:i}', 'v1', stamps(check_of(document('Github', '{g}')))) $$,
    'SC006', 'misconfigured scorer', 'a weight that is no number'
);
update scorer_weighted_binaryweightedscorer set weights = '[]';
select throws_ok(
    $$ select explain_score(wallet('a'), 7, '{did:key:i}', 'v1') $$, 'SC006', 'misconfigured scorer', 'no weights'
);

select * from finish();
rollback;
