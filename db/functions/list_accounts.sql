create or replace function scorer.list_accounts()
returns table (id bigint, address text, communities bigint, api_keys bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
All accounts, oldest first.

Arguments: none.

Result
  communities, api_keys  how many it has; revoked and expired keys count too

Errors: none.
*/
begin
    return query
    select
        a.id,
        a.address::text,
        (select count(*) from account_community as c where c.account_id = a.id),
        (select count(*) from account_apikey as k where k.account_id = a.id)
    from account_account as a
    order by a.id;
end;
$function$;

revoke execute on function scorer.list_accounts() from public;
grant execute on function scorer.list_accounts() to scorer_admin;
