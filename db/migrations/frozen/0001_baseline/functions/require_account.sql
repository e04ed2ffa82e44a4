create or replace function scorer.require_account(p_account_id bigint)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Refuses an account that is not there.

Arguments
  p_account_id  the account's id

Result: nothing, where there is such an account.

Errors
  SC102 unknown account
*/
begin
    if not exists (select from account_account as a where a.id = p_account_id) then
        raise exception 'unknown account' using
            errcode = 'SC102',
            detail = format('There is no account %s.', coalesce(p_account_id::text, 'null')),
            hint = 'Pass the id of a row of account_account, as list_accounts gives them.';
    end if;
end;
$function$;

revoke execute on function scorer.require_account(bigint) from public;
