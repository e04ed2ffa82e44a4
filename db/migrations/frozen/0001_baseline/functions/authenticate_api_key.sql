create or replace function scorer.authenticate_api_key(
    p_key_prefix text,
    p_key_hash text,
    p_legacy_key_hash text default null,
    p_count integer default 0,
    out account_id bigint,
    out legacy_parameters text,
    out api_key_id text,
    out historical_endpoint boolean,
    out rate_limit text,
    out is_refused boolean,
    out rate_window integer[]
)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Finds the account of an API key, and counts what it asks for where it has a rate limit. The stored hash never leaves
the database.

Arguments
  p_key_prefix       what stands before the key's first dot
  p_key_hash         sha256$ and the hex sha256 of the whole key
  p_legacy_key_hash  pbkdf2_sha256$iterations$salt$base64 of the whole key, once legacy_parameters were given
  p_count            how many requests this is to its rate limit; 0 where they were counted already, or will be; below 0
                     to give so many back

Result
  account_id         the key's account; null for a key that is unknown, wrong, revoked or expired
  legacy_parameters  pbkdf2_sha256$iterations$salt where the key is stored in the legacy form and
                     p_legacy_key_hash was not passed: derive it and call again. A key that takes more than
                     2,000,000 iterations is refused: whoever knows its prefix would have them made
  api_key_id, historical_endpoint, rate_limit
                     with account_id: the key's own id, whether the key may ask for past scores, and its limit, null
                     for none
  is_refused, rate_window
                     with account_id, where the key has a rate limit and p_count is not 0: as
                     count_requests gives them

A legacy key that matches is stored as sha256 from then on. When a key was last used is kept to the hour.

Errors: those of count_requests.

Locks, in this order: the key's row, when it is upgraded; its row of api_key_use, when an hour has passed: whoever is
first writes it, and nobody waits; those of count_requests.
*/
declare
    v_nonce constant text := gen_random_uuid()::text;
    v_key record;
    v_given text := p_key_hash;
    v_max_iterations constant integer := 2000000;
begin
    select k.*, (select u.last_used_at from api_key_use as u where u.api_key_id = k.id::text) as last_used_at
    into v_key
    from account_apikey as k
    where k.prefix = p_key_prefix and not k.revoked and (k.expiry_date is null or k.expiry_date > now());

    if v_key.hashed_key like 'pbkdf2\_sha256$%' then
        if p_legacy_key_hash is null then
            legacy_parameters := substring(v_key.hashed_key from '^pbkdf2_sha256[$][0-9]{1,7}[$][^$]+');

            if split_part(legacy_parameters, '$', 2)::integer > v_max_iterations then
                legacy_parameters := null;
            end if;

            return;
        end if;

        v_given := p_legacy_key_hash;
    end if;

    -- Digests under a fresh nonce are compared, so the time taken says nothing about the stored hash.
    if
        sha256(convert_to(v_nonce || v_given, 'UTF8'))
        is distinct from sha256(convert_to(v_nonce || v_key.hashed_key, 'UTF8'))
        or v_key.id is null
    then
        return;
    end if;

    account_id := v_key.account_id;
    api_key_id := v_key.id::text;
    historical_endpoint := v_key.historical_endpoint;
    rate_limit := nullif(v_key.rate_limit, '');

    if v_given is distinct from p_key_hash then
        update account_apikey as k
        set hashed_key = p_key_hash
        where k.prefix = p_key_prefix and k.hashed_key = v_key.hashed_key;
    end if;

    -- The lock is let go of after the row can be seen: who has it next finds the row written, and nothing to do.
    if
        v_key.last_used_at > now() - interval '1 hour' is not true
        and pg_try_advisory_xact_lock(hashtextextended(format('use of API key %s', v_key.id), 0))
    then
        insert into api_key_use as u (api_key_id, last_used_at)
        values (v_key.id::text, now())
        on conflict on constraint api_key_use_pkey do update
            set last_used_at = excluded.last_used_at
            where u.last_used_at <= excluded.last_used_at - interval '1 hour';
    end if;

    if rate_limit is not null and p_count <> 0 then
        select c.is_refused, c.rate_window
        into is_refused, rate_window
        from count_requests(authenticate_api_key.api_key_id, rate_limit, p_count) as c;
    end if;
end;
$function$;

revoke execute on function scorer.authenticate_api_key(text, text, text, integer) from public;
