create or replace function scorer.five_decimals(p_value numeric)
returns text
language sql
immutable
security invoker
return round(
    p_value - case
        when trunc(p_value, 5) * 100000 % 2 = 0 and abs(p_value - trunc(p_value, 5)) = 0.000005
            then p_value - trunc(p_value, 5)
        else 0
    end,
    5
)::text;

comment on function scorer.five_decimals(numeric) is '
A number as the answer prints it.

Arguments
  p_value  a finite number

Result
  five decimals, rounded half to even, as Python''s format(Decimal, ''.5f'') rounds; null for null.

Errors: none.
';

revoke execute on function scorer.five_decimals(numeric) from public;
