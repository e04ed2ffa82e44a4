create or replace function scorer.require_key(
    p_prefix text, p_key_hash text, p_name text, p_rate_limit text, p_expires_at timestamptz
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Refuses what an API key cannot be.

Arguments
  p_prefix, p_key_hash, p_name, p_rate_limit, p_expires_at  as create_api_key takes them

Result: nothing, where each has its form.

Errors
  SC104 one has not
*/
declare
    v_wrong constant text := case
        when p_prefix is null or p_prefix !~ '^[0-9A-Za-z]{1,8}$' then 'The prefix is not of 1 to 8 letters and digits.'
        when p_key_hash is null or p_key_hash !~ '^sha256[$][0-9a-f]{64}$'
            then 'The hash is not sha256$ and 64 hexadecimal digits.'
        when length(p_name) > 50 then 'The name has more than 50 characters.'
        -- As its column has it.
        when p_rate_limit !~ '^([0-9]{1,9}/([1-9][0-9]{0,3})?[smhd])?$'
            then 'The rate limit is not of the form 125/15m.'
        -- Of others many a client cannot read the date.
        when p_expires_at <> 'infinity' and p_expires_at not between '0001-01-02 00:00Z' and '9999-12-31 00:00Z'
            then 'The time of expiry is not in a year up to 9999.'
        when p_expires_at <= now() then 'The time of expiry has passed. To end a key at once, revoke it.'
    end;
begin
    if v_wrong is not null then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = v_wrong,
            hint = 'Pass them as create_api_key describes them.';
    end if;
end;
$function$;

revoke execute on function scorer.require_key(text, text, text, text, timestamptz) from public;
