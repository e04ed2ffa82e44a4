create or replace function scorer.create_account(p_address text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Makes an account.

Arguments
  p_address  the address of who it belongs to

Result: its id.

Errors (nothing is written)
  SC001 address malformed
  SC101 where the tables are another service's
*/
declare
    v_id bigint;
begin
    perform require_own_tables('create an account');

    insert into account_account (address)
    values (require_address(p_address))
    returning id into v_id;

    return v_id;
end;
$function$;

revoke execute on function scorer.create_account(text) from public;
grant execute on function scorer.create_account(text) to scorer_admin;
