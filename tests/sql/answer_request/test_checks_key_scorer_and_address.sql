begin;
select plan(22);

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
(1, 'bad', 'pbkdf2_sha256$many$salt$aGFzaA==', false, null),
(1, 'dear', 'pbkdf2_sha256$2000000$salt$aGFzaA==', false, null),
(1, 'dearest', 'pbkdf2_sha256$2000001$salt$aGFzaA==', false, null);

create function pg_temp.request(
    p_prefix text, p_hash text, p_scorer_id bigint default 7, p_address text default tap.wallet('a'),
    p_legacy_hash text default null, out outcome text, out legacy_parameters text, out answer jsonb
)
language sql
as $function$
select r.outcome, r.legacy_parameters, r.answer
from scorer.answer_request(
    p_prefix, p_hash, p_legacy_hash, p_scorer_id, p_address, '{}', 'v1', '[]', false, '-infinity'
) as r;
$function$;

select is((pg_temp.request(k.prefix, k.hash)).outcome, 'invalid_key', k.why)
from (
    values
    ('good', api_key('good.keY'), 'a wrong secret'),
    ('good', null, 'no hash'),
    ('none', api_key('none.key'), 'an unknown prefix'),
    ('revoked', api_key('revoked.key'), 'a revoked key'),
    ('expired', api_key('expired.key'), 'a key that expires now'),
    ('gone', api_key('gone.key'), 'a revoked legacy key'),
    ('bad', api_key('bad.key'), 'a legacy key with unusable parameters'),
    ('dearest', api_key('dearest.key'), 'a legacy key that takes too long to derive')
) as k (prefix, hash, why);
select is_empty('select from registry_passport union all select from registry_event', 'nothing is written for them');

select is((pg_temp.request('dated', api_key('dated.key'))).outcome, 'scored', 'a key that expires later');

select is((pg_temp.request('good', api_key('good.key'), c.id, c.address)).outcome, c.outcome, c.why)
from (
    values
    (9, wallet('a'), 'unknown_scorer', 'no such scorer'),
    (8, wallet('a'), 'unknown_scorer', 'a scorer of another account'),
    (null, wallet('a'), 'unknown_scorer', 'no scorer'),
    (9, null, 'unknown_scorer', 'no scorer and no address'),
    (7, null, 'invalid_address', 'no address')
) as c (id, address, outcome, why);

select results_eq(
    $$ select outcome, legacy_parameters, answer from pg_temp.request('legacy', api_key('legacy.key')) $$,
    $$ values ('legacy_key', 'pbkdf2_sha256$10$salt', null::jsonb) $$,
    'a legacy key asks for its hash'
);
select is(
    (pg_temp.request('dear', api_key('dear.key'))).outcome, 'legacy_key', 'up to two million iterations are derived'
);
select is(
    (pg_temp.request('legacy', api_key('legacy.key'), p_legacy_hash => 'pbkdf2_sha256$10$salt$bm90')).outcome,
    'invalid_key', 'a wrong legacy hash is refused'
);
select is(
    (
        select hashed_key::text from scorer.account_apikey
        where prefix = 'legacy'
    ), 'pbkdf2_sha256$10$salt$aGFzaA==',
    'and changes nothing'
);
select is(
    (pg_temp.request('legacy', api_key('legacy.key'), p_legacy_hash => 'pbkdf2_sha256$10$salt$aGFzaA==')).outcome,
    'scored', 'the right legacy hash is accepted'
);
select is(
    (
        select hashed_key::text from scorer.account_apikey
        where prefix = 'legacy'
    ), api_key('legacy.key'),
    'and the key is stored as sha256 from then on'
);
select is(
    (pg_temp.request('good', api_key('good.key'), p_legacy_hash => 'pbkdf2_sha256$1$s$x')).outcome, 'scored',
    'a legacy hash for a key that another request has upgraded meanwhile does not hurt'
);

select * from finish();
rollback;
