create or replace function scorer.stamp_fault(p_stamp jsonb)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Says what is wrong with one element of score_passport's p_valid_stamps.

Arguments
  p_stamp  any jsonb

Result
  null for a well-formed stamp, else what is wrong, for the detail of an error. Left to the caller: the single
  nullifiers, and whether expires_at names an existing date, and one in the future.

Errors: none.
*/
begin
    return case
        when jsonb_typeof(p_stamp) is distinct from 'object' then 'not an object'
        when
            jsonb_typeof(p_stamp -> 'provider') is distinct from 'string'
            or length(p_stamp ->> 'provider') not between 1 and 256
            then 'provider is not a string of 1 to 256 characters'
        when jsonb_typeof(p_stamp -> 'credential') is distinct from 'object'
            then 'credential is not an object'
        when jsonb_typeof(p_stamp -> 'expires_at') is distinct from 'string'
            then 'expires_at is not a string'
        when
            (p_stamp ->> 'expires_at')
            !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[-+][0-9]{2}:[0-9]{2})$'
            then 'expires_at is not an RFC 3339 time'
        when jsonb_typeof(p_stamp -> 'nullifiers') is distinct from 'array'
            then 'nullifiers is not an array'
        when jsonb_array_length(p_stamp -> 'nullifiers') = 0 then 'nullifiers is empty'
    end;
end;
$function$;

revoke execute on function scorer.stamp_fault(jsonb) from public;
