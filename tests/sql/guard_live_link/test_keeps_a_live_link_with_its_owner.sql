begin;
select plan(6);

insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values ('live', wallet('a'), 7, '2090-01-01Z'), ('expired', wallet('a'), 7, now());

select throws_ok(
    $$ update registry_hashscorerlink set address = wallet('b'), expires_at = '2091-01-01Z' where hash = 'live' $$,
    '23505', 'hash link is live',
    'no update moves a live link'
);
create role other_service;
grant usage on schema scorer, tap to other_service;
grant select, update on registry_hashscorerlink to other_service;
set local role other_service;
select throws_ok(
    $$ update registry_hashscorerlink set address = wallet('b') where hash = 'live' $$,
    '23505', 'hash link is live',
    'nor one of a writer that may use the table and nothing else'
);
reset role;

select lives_ok(
    $$ update registry_hashscorerlink set address = wallet('b'), expires_at = '2091-01-01Z' where hash = 'expired' $$,
    'an expired link may move'
);
select lives_ok(
    $$ update registry_hashscorerlink set address = wallet('a'), expires_at = '2091-01-01Z' where hash = 'live' $$,
    'the owner may renew a live link'
);
select lives_ok(
    $$ update registry_hashscorerlink set expires_at = '2020-01-01Z' where hash = 'live' $$,
    'an operator may expire it'
);
select lives_ok(
    $$ update registry_hashscorerlink set address = wallet('b') where hash = 'live' $$,
    'and move it then'
);

select * from finish();
rollback;
