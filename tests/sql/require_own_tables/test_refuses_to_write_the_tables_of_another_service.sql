begin;
select plan(10);

-- Of tables of ours each is refused for another reason, or made.
create function pg_temp.outcome(p_statement text) returns text language plpgsql as $$
begin
    execute p_statement;
    return 'done';
exception
    when others then
        return case when sqlstate = 'SC101' then 'SC101 ' || sqlerrm else 'done' end;
end;
$$;
create temporary table expected as
select case c.relkind when 'r' then 'done' else 'SC101 tables of another service' end as outcome
from pg_class as c
where c.oid = 'scorer.account_apikey'::regclass;
call api_access();

select is(pg_temp.outcome(s.statement), e.outcome, s.statement)
from expected as e
cross join (
    values
    ($$ select create_account(wallet('a')) $$),
    ($$ select create_community(1, 'x', '{}', 1) $$),
    ($$ select change_scorer(7, 'x') $$),
    ($$ select create_api_key(1, 'x', api_key('x.y')) $$),
    ($$ select change_api_key('test') $$),
    ($$ select rotate_api_key('test', 'y', api_key('y.z')) $$),
    ($$ select revoke_api_key('test') $$),
    ($$ select put_credential(wallet('a'), '{}') $$),
    ($$ select revoke_credentials(1) $$)
) as s (statement);
select lives_ok($$
    select list_accounts(), list_communities(), list_api_keys(), list_credentials(wallet('a')), show_scorer(7),
    explain_score(wallet('a'), 7, '{}', 'v1')
$$, 'what reads works');

select * from finish();
rollback;
