create or replace function scorer.change_api_key(
    p_prefix text,
    p_name text default null,
    p_expires_at timestamptz default null,
    p_rate_limit text default null,
    p_read_scores boolean default null,
    p_historical_endpoint boolean default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Changes what an API key is called and may do, from its next request on.

Arguments
  p_prefix      the key's
  p_expires_at  later than now; 'infinity' for never
  p_rate_limit  '' for no limit
  p_name, p_read_scores, p_historical_endpoint
                as create_api_key takes them

What is null stays as it is.

Result: nothing.

Errors (nothing is written)
  SC101 where the tables are another service's
  SC102 unknown key
  SC104 an argument that cannot be
  55P03 when the lock is not had within 10 seconds

Locks: the key's row.
*/
begin
    perform require_own_tables('change an API key');
    perform lock_api_key(p_prefix);
    perform require_key('x', 'sha256$' || repeat('0', 64), p_name, p_rate_limit, p_expires_at);

    update account_apikey as k
    set
        name = coalesce(p_name, k.name),
        expiry_date = nullif(coalesce(p_expires_at, k.expiry_date), 'infinity'),
        rate_limit = case when p_rate_limit is null then k.rate_limit else nullif(p_rate_limit, '') end,
        read_scores = coalesce(p_read_scores, k.read_scores),
        historical_endpoint = coalesce(p_historical_endpoint, k.historical_endpoint)
    where k.prefix = p_prefix;
end;
$function$;

revoke execute on function scorer.change_api_key(
    text, text, timestamptz, text, boolean, boolean
) from public;
grant execute on function scorer.change_api_key(
    text, text, timestamptz, text, boolean, boolean
) to scorer_admin;
