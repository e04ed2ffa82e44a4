create or replace function scorer.create_api_key(
    p_account_id bigint,
    p_prefix text,
    p_key_hash text,
    p_name text default '',
    p_expires_at timestamptz default null,
    p_rate_limit text default null,
    p_read_scores boolean default true,
    p_historical_endpoint boolean default false
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Stores an API key that the caller has made: the key itself never reaches the database. The same call again gives the
same key, so that it may be repeated when its answer was lost.

Arguments
  p_account_id  whose scorers it may ask for
  p_prefix      what stands before the key's first dot: 1 to 8 letters and digits
  p_key_hash    sha256$ and the hex sha256 of the whole key
  p_name        what the account calls it, at most 50 characters
  p_expires_at  later than now; null for never
  p_rate_limit  requests in a time, as '125/15m'; null for no limit
  p_read_scores, p_historical_endpoint
                what the key may do besides asking for a score

Result: its id.

Errors (nothing is written)
  SC101 where the tables are another service's
  SC102 unknown account
  SC103 another key has the prefix: make a key with another one
  SC104 an argument that cannot be
*/
declare
    v_id bigint;
begin
    perform require_own_tables('create an API key');
    perform require_account(p_account_id);
    perform require_key(p_prefix, p_key_hash, p_name, p_rate_limit, p_expires_at);

    insert into account_apikey as k (
        account_id, prefix, hashed_key, name, expiry_date, rate_limit, read_scores, historical_endpoint
    )
    values (
        p_account_id, p_prefix, p_key_hash, coalesce(p_name, ''), nullif(p_expires_at, 'infinity'), p_rate_limit,
        coalesce(p_read_scores, true), coalesce(p_historical_endpoint, false)
    )
    on conflict (prefix) do nothing
    returning k.id into v_id;

    if v_id is null then
        select k.id
        into v_id
        from account_apikey as k
        where k.prefix = p_prefix and k.account_id = p_account_id and k.hashed_key = p_key_hash and not k.revoked;
    end if;

    if v_id is null then
        raise exception 'prefix taken' using
            errcode = 'SC103',
            detail = format('Another API key has the prefix %L.', p_prefix),
            hint = 'Make a key with another prefix.';
    end if;

    return v_id;
end;
$function$;

revoke execute on function scorer.create_api_key(
    bigint, text, text, text, timestamptz, text, boolean, boolean
) from public;
grant execute on function scorer.create_api_key(
    bigint, text, text, text, timestamptz, text, boolean, boolean
) to scorer_admin;
