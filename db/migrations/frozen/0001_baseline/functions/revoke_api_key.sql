create or replace function scorer.revoke_api_key(p_prefix text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Revokes an API key for good: a request that begins after it is refused.

Arguments
  p_prefix  the key's

Result: whether it had not been revoked before.

Errors (nothing is written)
  SC101 where the tables are another service's
  SC102 unknown key
  55P03 when the lock is not had within 10 seconds

Locks: the key's row.
*/
begin
    perform require_own_tables('revoke an API key');
    perform lock_api_key(p_prefix);

    update account_apikey as k
    set revoked = true
    where k.prefix = p_prefix and not k.revoked;

    return found;
end;
$function$;

revoke execute on function scorer.revoke_api_key(text) from public;
grant execute on function scorer.revoke_api_key(text) to scorer_admin;
