create or replace function scorer.iso_timestamp(p_time timestamptz)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
A time as the answer prints it.

Arguments
  p_time  a finite time

Result
  what Python's datetime.isoformat() gives in UTC: six fractional digits, none when they are all zero;
  null for null.

Errors: none.
*/
declare
    v_utc constant timestamp := p_time at time zone 'UTC';
begin
    if extract(microseconds from v_utc)::integer % 1000000 = 0 then
        return to_char(v_utc, 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"');
    end if;

    return to_char(v_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"');
end;
$function$;

revoke execute on function scorer.iso_timestamp(timestamptz) from public;
