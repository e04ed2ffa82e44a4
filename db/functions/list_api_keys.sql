create or replace function scorer.list_api_keys(p_account_id bigint default null)
returns table (
    id text,
    prefix text,
    account_id bigint,
    name text,
    state text,
    created timestamptz,
    last_used_at timestamptz,
    expires_at timestamptz,
    rate_limit text,
    read_scores boolean,
    historical_endpoint boolean,
    successor text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
API keys, oldest first. Their hashes are not given.

Arguments
  p_account_id  of this account alone; null for all

Result
  state         'works', 'revoked' or 'expired'
  last_used_at  to the hour; null for a key that was not used
  expires_at    null for one that does not expire
  rate_limit    as '125/15m', 125 requests in 15 minutes; null for none
  successor     the prefix of the key that took its place

Errors: none.
*/
begin
    return query
    select
        k.id::text,
        k.prefix::text,
        k.account_id,
        k.name::text,
        case when k.revoked then 'revoked' when k.expiry_date <= now() then 'expired' else 'works' end,
        k.created,
        u.last_used_at,
        k.expiry_date,
        nullif(k.rate_limit, '')::text,
        k.read_scores,
        k.historical_endpoint,
        n.prefix::text
    from account_apikey as k
    left join api_key_use as u on u.api_key_id = k.id::text
    left join api_key_rotation as r on r.api_key_id = k.id::text
    left join account_apikey as n on n.id::text = r.successor_id
    where k.account_id = p_account_id or p_account_id is null
    order by k.created, k.id;
end;
$function$;

revoke execute on function scorer.list_api_keys(bigint) from public;
grant execute on function scorer.list_api_keys(bigint) to scorer_admin;
