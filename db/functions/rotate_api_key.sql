create or replace function scorer.rotate_api_key(
    p_prefix text,
    p_new_prefix text,
    p_new_key_hash text,
    p_overlap interval default '1 day'
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Gives an API key a successor with its name, limits and permissions. Both work for the overlap, then the older one has
expired. The same call again gives the same successor, so that it may be repeated when its answer was lost.

Arguments
  p_prefix        the older key's
  p_new_prefix, p_new_key_hash
                  the new key's, as create_api_key takes them
  p_overlap       how long the older one still works, up to ten years; never longer than it would have

Result: the id of the new key.

Errors (nothing is written)
  SC101 where the tables are another service's
  SC102 unknown key
  SC103 another key has the new prefix: make a key with another one
  SC104 an argument that cannot be
  SC106 the key has a successor already: rotate that one
  SC107 the key has been revoked or has expired
  55P03 when the lock is not had within 10 seconds

Locks: the older key's row, then its successor's new one.
*/
declare
    v_key account_apikey;
    v_successor account_apikey;
    v_id bigint;
begin
    perform require_own_tables('rotate an API key');
    perform require_key(p_new_prefix, p_new_key_hash, null, null, null);

    if p_overlap between interval '0' and interval '10 years' is not true then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = 'The overlap is not a length of time up to ten years.',
            hint = 'Pass an interval, 0 to have the older key expire now.';
    end if;

    perform lock_api_key(p_prefix);

    select k.*
    into v_key
    from account_apikey as k
    where k.prefix = p_prefix;

    select n.*
    into v_successor
    from api_key_rotation as r
    inner join account_apikey as n on n.id::text = r.successor_id
    where r.api_key_id = v_key.id::text;

    if found then
        if v_successor.prefix = p_new_prefix and v_successor.hashed_key = p_new_key_hash then
            return v_successor.id;
        end if;

        raise exception 'rotated already' using
            errcode = 'SC106',
            detail = format('The API key %s took the place of %s.', v_successor.prefix, p_prefix),
            hint = 'Rotate that one, or create another key.';
    end if;

    if v_key.revoked or v_key.expiry_date <= now() then
        raise exception 'key works no longer' using
            errcode = 'SC107',
            detail = format('The API key %s has been revoked or has expired.', p_prefix),
            hint = 'Create a new key.';
    end if;

    -- A key that is there already is nobody's successor, itself neither.
    if exists (select from account_apikey as k where k.prefix = p_new_prefix) then
        raise exception 'prefix taken' using
            errcode = 'SC103',
            detail = format('Another API key has the prefix %L.', p_new_prefix),
            hint = 'Make a key with another prefix.';
    end if;

    v_id := create_api_key(
        v_key.account_id, p_new_prefix, p_new_key_hash, v_key.name, v_key.expiry_date, v_key.rate_limit,
        v_key.read_scores, v_key.historical_endpoint
    );

    insert into api_key_rotation (api_key_id, successor_id)
    values (v_key.id::text, v_id::text);

    update account_apikey as k
    set expiry_date = least(k.expiry_date, now() + p_overlap)
    where k.id = v_key.id;

    return v_id;
end;
$function$;

revoke execute on function scorer.rotate_api_key(text, text, text, interval) from public;
grant execute on function scorer.rotate_api_key(text, text, text, interval) to scorer_admin;
