begin;
select plan(6);

call api_access();
insert into account_apikey (account_id, prefix, hashed_key, rate_limit) values
(1, 'limited', api_key('limited.key'), '2/d'),
(1, 'legacy', 'pbkdf2_sha256$10$salt$aGFzaA==', null);

create function pg_temp.list(p_prefix text, p_address text default tap.wallet('a'))
returns text
language sql
as $function$
select concat_ws(' ', l.outcome, l.legacy_parameters, l.items, l.rate_window::text)
from scorer.answer_credentials(p_prefix, tap.api_key(p_prefix || '.key'), null, p_address, 1, null, null, 1) as l;
$function$;

select is(pg_temp.list('none', null), 'invalid_key', 'the key first');
select is(pg_temp.list('legacy'), 'legacy_key pbkdf2_sha256$10$salt', 'a legacy key asks for its hash');
select is(pg_temp.list('test', null), 'invalid_address', 'then the address');
select is(pg_temp.list('limited', null), 'invalid_address {2,86400,1,86400}', 'which counts to the limit');
select is(pg_temp.list('limited'), 'listed [] {2,86400,0,86400}', 'as an answer does');
select is(pg_temp.list('limited', null), 'rate_limited {2,86400,0,86400}', 'until it is used up');

select * from finish();
rollback;
