begin;
select plan(14);

call community(7);
insert into account_apikey (account_id, prefix, hashed_key, name, rate_limit)
values (1, 'k', api_key('k.secret'), 'nightly', '3/15m');

-- Of whatever an operator may have written nothing is taken for a limit by chance.
select
    throws_ok(
        format(
            'select count_requests(%L, %L, 1)',
            (
                select k.id from scorer.account_apikey as k
                where k.prefix = 'k'
            ),
            l.rate_limit
        ),
        'SC008', 'misconfigured API key', l.rate_limit
    )
from unnest(
    '{125,125/15,/15m,125/0m,125/015m,x/15m,-1/15m,1 /m,1/M,1000000000/m,1/10000d,1/m/h}'::text[]
) as l (rate_limit);
select is_empty('select from api_key_window', 'and nothing is counted');

create function pg_temp.detail_of(p_rate_limit text) returns text language plpgsql as $$
declare
    v_detail text;
begin
    perform count_requests(k.id::text, p_rate_limit, 1) from scorer.account_apikey as k where k.prefix = 'k';
exception
    when others then
        get stacked diagnostics v_detail = pg_exception_detail;
        return v_detail;
end;
$$;
select is(
    pg_temp.detail_of('much'), $$Key 'nightly' of account 1 has rate limit 'much'.$$,
    'the operator is told which key, but nothing that it is known by'
);

select * from finish();
rollback;
