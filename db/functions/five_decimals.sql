create or replace function scorer.five_decimals(p_value numeric)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
A number as the answer prints it.

Arguments
  p_value  a finite number

Result
  five decimals, rounded half to even, as Python's format(Decimal, '.5f') rounds; null for null.

Errors: none.
*/
declare
    v_truncated constant numeric := trunc(p_value, 5);
begin
    if abs(p_value - v_truncated) = 0.000005 and v_truncated * 100000 % 2 = 0 then
        return v_truncated::text;
    end if;

    return round(p_value, 5)::text;
end;
$function$;

revoke execute on function scorer.five_decimals(numeric) from public;
