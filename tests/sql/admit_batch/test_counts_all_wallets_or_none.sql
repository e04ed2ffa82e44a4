begin;
select plan(11);

call api_access();
insert into account_apikey (account_id, prefix, hashed_key, rate_limit) values
(1, 'limited', api_key('limited.key'), '10/d'),
(1, 'legacy', 'pbkdf2_sha256$10$salt$aGFzaA==', null);

create function pg_temp.admit(p_prefix text, p_count integer, p_scorer_id numeric default 7)
returns text
language sql
as $function$
select concat_ws(' ', a.outcome, a.legacy_parameters, a.rate_window::text)
from scorer.admit_batch(p_prefix, tap.api_key(p_prefix || '.key'), null, p_scorer_id, p_count) as a;
$function$;

select is(pg_temp.admit('none', 1, 99), 'invalid_key', 'the key first');
select is(pg_temp.admit('legacy', 1), 'legacy_key pbkdf2_sha256$10$salt', 'a legacy key asks for its hash');
select is(pg_temp.admit('test', 1, 99), 'unknown_scorer', 'then the scorer');
select is(pg_temp.admit('test', 100), 'admitted', 'a key without a limit is told of none');
select is(pg_temp.admit('limited', 8), 'admitted {10,86400,2,86400}', 'each wallet counts');
select is(pg_temp.admit('limited', 3), 'rate_limited {10,86400,2,86400}', 'where they do not all fit, none does');
select is(pg_temp.admit('limited', 2, 99), 'unknown_scorer {10,86400,0,86400}', 'whatever becomes of them');
select is(
    (
        select r.outcome
        from
            scorer.answer_request(
                'limited', api_key('limited.key'), null, 7, wallet('a'), '{}', 'v1', '[]', false, '-infinity', 0
            ) as r
    ), 'scored', 'what was counted is not counted again'
);
select is(
    (
        select r.outcome
        from
            scorer.answer_request(
                'limited', api_key('limited.key'), null, 7, wallet('a'), '{}', 'v1', '[]', false, '-infinity', 1
            ) as r
    ), 'rate_limited', 'a further request is'
);

select is(
    pg_temp.admit('limited', -3), 'admitted {10,86400,3,86400}', 'what was not reached is given back where none is left'
);
select is(pg_temp.admit('test', -3), 'admitted', 'to a limit, if there is one');

select * from finish();
rollback;
