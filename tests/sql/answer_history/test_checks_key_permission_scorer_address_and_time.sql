begin;
select plan(10);

call api_access();
insert into account_account (id) values (2);
insert into account_community (id, account_id, scorer_id) values (8, 2, 7);
insert into account_apikey (account_id, prefix, hashed_key, historical_endpoint, rate_limit) values
(1, 'past', api_key('past.key'), true, null),
(1, 'limited', api_key('limited.key'), false, '1/d'),
(1, 'legacy', 'pbkdf2_sha256$10$salt$aGFzaA==', true, null);

create function pg_temp.history(
    p_prefix text default 'past', p_scorer_id numeric default 7, p_address text default tap.wallet('a'),
    p_at timestamptz default now(), p_hash text default null, p_legacy_hash text default null
)
returns text
language sql
as $function$
select concat_ws(' ', h.outcome, h.legacy_parameters, h.rate_window::text)
from scorer.answer_history(
    p_prefix, coalesce(p_hash, tap.api_key(p_prefix || '.key')), p_legacy_hash, p_scorer_id, p_address, p_at
) as h;
$function$;

select is(pg_temp.history('none', 99, null, null), 'invalid_key', 'the key first');
select is(pg_temp.history(p_hash => 'wrong'), 'invalid_key', 'and whole');
select is(pg_temp.history('legacy'), 'legacy_key pbkdf2_sha256$10$salt', 'a legacy key asks for its hash');
select is(
    pg_temp.history('legacy', p_legacy_hash => 'pbkdf2_sha256$10$salt$aGFzaA=='), 'no_score', 'and is used by it'
);
select is(pg_temp.history('limited', 99, null, null), 'forbidden {1,86400,0,86400}', 'then whether the key may');
select is(
    pg_temp.history('limited', 99, null, null),
    'rate_limited {1,86400,0,86400}',
    'after its limit, to which that counted'
);
select is(pg_temp.history('past', 99, null, null), 'unknown_scorer', 'then the scorer');
select is(pg_temp.history('past', 8), 'unknown_scorer', 'of another account');
select is(pg_temp.history('past', 7, null, null), 'invalid_address', 'then the address');
select is(pg_temp.history('past', 7, wallet('a'), null), 'invalid_time', 'then the time');

select * from finish();
rollback;
