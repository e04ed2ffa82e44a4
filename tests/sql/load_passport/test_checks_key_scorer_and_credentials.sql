begin;
select plan(20);

call community(7);
insert into account_account (id) values (2);
insert into account_community (id, account_id, scorer_id) values (8, 2, 7);
insert into account_apikey (account_id, prefix, hashed_key, revoked, expiry_date) values
(1, 'good', api_key('good.key'), false, null),
(1, 'dated', api_key('dated.key'), false, now() + interval '1 hour'),
(1, 'revoked', api_key('revoked.key'), true, null),
(1, 'expired', api_key('expired.key'), false, now()),
(1, 'legacy', 'pbkdf2_sha256$10$salt$aGFzaA==', false, null),
(1, 'gone', 'pbkdf2_sha256$10$salt$aGFzaA==', true, null),
(1, 'bad', 'pbkdf2_sha256$many$salt$aGFzaA==', false, null);
insert into ceramic_cache (address, provider, stamp, created_at, deleted_at) values
(wallet('a'), 'Github', '{"n": 2}', '2026-01-02Z', null),
(wallet('a'), 'Github', '{"n": 1}', '2026-01-01Z', null),
(wallet('a'), 'Ens', '[3]', '2026-01-03Z', null),
(wallet('a'), 'Gone', '{}', '2026-01-01Z', '2026-01-02Z'),
(wallet('b'), 'Google', '{}', '2026-01-01Z', null);

select
    is(
        (load_passport(k.prefix, k.hash, 7, wallet('a'))).outcome, 'invalid_key', k.why
    )
from (
    values
    ('good', api_key('good.keY'), 'a wrong secret'),
    ('good', null, 'no hash'),
    ('none', api_key('none.key'), 'an unknown prefix'),
    ('revoked', api_key('revoked.key'), 'a revoked key'),
    ('expired', api_key('expired.key'), 'a key that expires now'),
    ('gone', api_key('gone.key'), 'a revoked legacy key'),
    ('bad', api_key('bad.key'), 'a legacy key with unusable parameters')
) as k (prefix, hash, why);

select is(
    (load_passport('dated', api_key('dated.key'), 7, wallet('c'))).outcome, 'ok', 'a key that expires later'
);

select
    is(
        (load_passport('good', api_key('good.key'), c.id, wallet('a'))).outcome, 'unknown_scorer', c.why
    )
from (
    values (9, 'no such scorer'), (8, 'a scorer of another account'), (null, 'no scorer')
) as c (id, why);

select results_eq(
    $$ select outcome, loaded_at, provider, credential
    from load_passport('good', api_key('good.key'), 7, wallet('a')) $$,
    $$ values
    ('ok', now(), 'Github', '{"n": 1}'), ('ok', now(), 'Github', '{"n": 2}'), ('ok', now(), 'Ens', '[3]') $$,
    'the live credentials of the wallet come oldest first'
);
select results_eq(
    $$ select outcome, provider, credential from load_passport('good', api_key('good.key'), 7, wallet('c')) $$,
    $$ values ('ok', null::text, null::text) $$,
    'a wallet without any has one row of nulls'
);

select results_eq(
    $$ select outcome, legacy_parameters, provider
    from load_passport('legacy', api_key('legacy.key'), 7, wallet('a')) $$,
    $$ values ('legacy_key', 'pbkdf2_sha256$10$salt', null::text) $$,
    'a legacy key asks for its hash, and nothing is loaded'
);
select is(
    (load_passport('legacy', api_key('legacy.key'), 7, wallet('a'), 'pbkdf2_sha256$10$salt$bm90')).outcome,
    'invalid_key', 'a wrong legacy hash'
);
select is(
    (
        select hashed_key::text from account_apikey
        where prefix = 'legacy'
    ), 'pbkdf2_sha256$10$salt$aGFzaA==',
    'changes nothing'
);
select is(
    (load_passport('legacy', api_key('legacy.key'), 7, wallet('c'), 'pbkdf2_sha256$10$salt$aGFzaA==')).outcome,
    'ok', 'the right legacy hash is accepted'
);
select is(
    (
        select hashed_key::text from account_apikey
        where prefix = 'legacy'
    ), api_key('legacy.key'
    ),
    'and the key is stored as sha256 from then on'
);
select is(
    (load_passport('legacy', api_key('legacy.key'), 7, wallet('c'))).outcome, 'ok', 'which is then enough'
);
select is(
    (load_passport('good', api_key('good.key'), 7, wallet('c'), 'pbkdf2_sha256$1$s$x')).outcome, 'ok',
    'a legacy hash for a key that another request has upgraded meanwhile does not hurt'
);

select * from finish();
rollback;
