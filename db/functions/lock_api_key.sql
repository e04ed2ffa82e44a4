create or replace function scorer.lock_api_key(p_prefix text)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Has a key's row to oneself, until the transaction ends.

Arguments
  p_prefix  the key's

Result: nothing, with its row locked.

Errors
  SC102 unknown key

Locks: the key's row.
*/
begin
    perform from account_apikey as k
    where k.prefix = p_prefix
    for no key update;

    if not found then
        raise exception 'unknown API key' using
            errcode = 'SC102',
            detail = format('No API key has the prefix %L.', left(p_prefix, 8)),
            hint = 'Pass what stands before the key''s dot, as list_api_keys gives it.';
    end if;
end;
$function$;

revoke execute on function scorer.lock_api_key(text) from public;
