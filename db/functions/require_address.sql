create or replace function scorer.require_address(p_address text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Brings a wallet's address into the form that tables hold.

Arguments
  p_address  0x and 40 hexadecimal digits in any case

Result: the address in lower case.

Errors
  SC001 address malformed
*/
begin
    if p_address is null or p_address !~ '^0[xX][0-9a-fA-F]{40}$' then
        raise exception 'invalid address' using
            errcode = 'SC001',
            detail = format('%L is not an Ethereum address.', left(p_address, 100)),
            hint = 'Pass 0x followed by 40 hexadecimal digits.';
    end if;

    return lower(p_address);
end;
$function$;

revoke execute on function scorer.require_address(text) from public;
