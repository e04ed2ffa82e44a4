create or replace function scorer.require_own_tables(p_what text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Refuses to go on where the tables are another service's, which administers them.

Arguments
  p_what  what was asked for, as in 'create an API key'

Result: nothing.

Errors
  SC101 where the tables are another service's
*/
begin
    if (select c.relkind <> 'r' from pg_class as c where c.oid = to_regclass('scorer.account_apikey')) then
        raise exception 'tables of another service' using
            errcode = 'SC101',
            detail = format('The service whose tables these are must %s: here they are only read.', p_what),
            hint = 'Do it there. What lists and explains works here too.';
    end if;
end;
$function$;

revoke execute on function scorer.require_own_tables(text) from public;
