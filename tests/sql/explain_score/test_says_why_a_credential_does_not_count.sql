begin;
select plan(20);

call api_access();
create function pg_temp.explained(p_checks jsonb default '[]', p_trusted_issuers text[] default '{did:key:i}')
returns jsonb language sql as $$ select explain_score(wallet('a'), 7, p_trusted_issuers, 'v1', p_checks) $$;
create function pg_temp.reasons(p_checks jsonb default '[]', p_trusted_issuers text[] default '{did:key:i}')
returns setof text language sql as $$
select concat_ws(' ', c ->> 'provider', c ->> 'reason')
from jsonb_array_elements(pg_temp.explained(p_checks, p_trusted_issuers) -> 'credentials') as c $$;

select is(
    pg_temp.explained() - 'community', jsonb_build_object(
        'address', wallet('a'), 'scorer_id', 7, 'outcome', 'scored', 'score', '0.00000', 'passing_score', false,
        'threshold', '2.50000', 'expiration_timestamp', null, 'stored', null, 'credentials', '[]'::jsonb
    ), 'a wallet without credentials'
);

call put(document('Github', '{g,h}'));
call put(document('Google', '{o}'));
select results_eq(
    'select pg_temp.reasons()', array['Github unchecked', 'Google unchecked'], 'what was never checked'
);
select is(pg_temp.explained() ->> 'outcome', 'unchecked', 'leaves the score open');
select is(
    (pg_temp.explained() #>> '{credentials,0,document}')::jsonb,
    document('Github', '{g,h}'),
    'and is given to be checked'
);
create temporary table checks as
select stamps(check_of(document('Github', '{g,h}')), check_of(document('Google', '{o}'), 'bad_proof')) as checks;
select results_eq(
    'select pg_temp.reasons(c.checks) from checks as c',
    array['Github', 'Google bad_proof'],
    'checks are taken as given'
);
select is_empty('select from credential_check', 'and not kept');
select is((ask(c.checks)).outcome, 'scored', 'the wallet is scored')
from checks as c;
select results_eq('select pg_temp.reasons()', array['Github', 'Google bad_proof'], 'by the checks that are kept');
select is(
    (pg_temp.explained() -> 'stored') - 'last_score_timestamp', '{"score": "2.25000", "passing_score": false}',
    'as it was scored'
);
select is(
    (pg_temp.explained() #> '{credentials,0}') - 'id' - 'updated_at', jsonb_build_object(
        'provider', 'Github', 'issuer', 'did:key:i', 'counts', true, 'reason', null, 'why', (reason_text(null)).why,
        'change', (reason_text(null)).change, 'weight', '2.25000', 'expires_at', '2090-01-01T00:00:00+00:00',
        'signed_at', '2026-01-01T00:00:00+00:00', 'nullifiers', jsonb_build_array(
            jsonb_build_object('nullifier', 'g', 'owner', wallet('a'), 'until', '2090-01-01T00:00:00+00:00'),
            jsonb_build_object('nullifier', 'h', 'owner', wallet('a'), 'until', '2090-01-01T00:00:00+00:00')
        )
    ), 'a credential that counts'
);

update registry_hashscorerlink set expires_at = now()
where hash = 'h';
update registry_hashscorerlink set address = wallet('b'), expires_at = '2089-01-01Z'
where hash = 'h';
select results_eq('select pg_temp.reasons()', array['Github deduped', 'Google bad_proof'], 'one that is claimed');
select is(
    pg_temp.explained() #> '{credentials,0,nullifiers,1}',
    jsonb_build_object('nullifier', 'h', 'owner', wallet('b'), 'until', '2089-01-01T00:00:00+00:00'),
    'by whom, and until when'
);
select is(pg_temp.explained() #>> '{credentials,0,claimed_until}', '2089-01-01T00:00:00+00:00', 'until when in all');
select is((ask()).answer #>> '{stamps,Github,dedup}', 'true', 'as in a request');
update registry_hashscorerlink set expires_at = now()
where hash = 'h';
select results_eq('select pg_temp.reasons()', array['Github', 'Google bad_proof'], 'a claim that has ended is none');

call put(document('Github', '{n}'), p_updated_at => now() + interval '1 second');
select results_eq(
    $$ select pg_temp.reasons(stamps(check_of(document('Github', '{n}')))) $$,
    array['Github', 'Github older', 'Google bad_proof'], 'one beside a newer one of its provider'
);
insert into ceramic_cache_revocation (ceramic_cache_id)
select c.id from ceramic_cache as c
where c.stamp = document('Github', '{n}');
update ceramic_cache set deleted_at = now()
where provider = 'Google';
select results_eq(
    'select pg_temp.reasons()', array['Github revoked', 'Github', 'Google deleted'], 'what is revoked, and deleted'
);
select results_eq(
    $$ select pg_temp.reasons(p_trusted_issuers => '{did:key:other}') $$,
    array['Github revoked', 'Github untrusted_issuer', 'Google deleted'], 'an issuer that is not trusted'
);

select throws_ok(
    $$ select explain_score(wallet('a'), 9, '{}', 'v1') $$, 'SC002', 'unknown scorer', 'a community that is not there'
);
select
    throws_ok($$ select explain_score('0x1', 7, '{}', 'v1') $$, 'SC001', 'invalid address', 'an address that is none');

select * from finish();
rollback;
