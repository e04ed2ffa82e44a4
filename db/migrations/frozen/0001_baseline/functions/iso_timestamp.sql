create or replace function scorer.iso_timestamp(p_time timestamptz)
returns text
language sql
stable
security invoker
return to_char(
    p_time at time zone 'UTC',
    case
        when p_time = p_time::timestamptz (0) then 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'
        else 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
    end
);

comment on function scorer.iso_timestamp(timestamptz) is '
A time as the answer prints it.

Arguments
  p_time  a finite time

Result
  what Python''s datetime.isoformat() gives in UTC: six fractional digits, none when they are all zero;
  null for null.

Errors: none.
';

revoke execute on function scorer.iso_timestamp(timestamptz) from public;
