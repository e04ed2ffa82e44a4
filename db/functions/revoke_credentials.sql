create or replace function scorer.revoke_credentials(
    p_credential_id bigint default null,
    p_address text default null,
    p_provider text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Revokes credentials: from the next request on they do not count. Their nullifiers stay claimed until they expire.

Arguments
  p_credential_id  this one
  p_address        those of this wallet
  p_provider       those of this provider, of the wallet or of all
At least one is given; a credential is revoked where all that are given fit.

Result: how many had not been revoked before.

Errors (nothing is written)
  SC001 address malformed
  SC101 where the tables are another service's
  SC102 unknown credential: none fits
  SC104 nothing was given

By provider alone all credentials are read.
*/
declare
    v_address constant text := case when p_address is not null then require_address(p_address) end;
    v_count bigint;
begin
    perform require_own_tables('revoke a credential');

    if num_nonnulls(p_credential_id, p_address, p_provider) = 0 then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = 'Neither a credential nor a wallet nor a provider was given.',
            hint = 'Pass at least one of them.';
    end if;

    if not exists (
        select from ceramic_cache as c
        where
            (c.id = p_credential_id or p_credential_id is null)
            and (c.address = v_address or v_address is null)
            and (c.provider = p_provider or p_provider is null)
    ) then
        raise exception 'unknown credential' using
            errcode = 'SC102',
            detail = 'There is no such credential.',
            hint = 'Pass an id as list_credentials gives it.';
    end if;

    insert into ceramic_cache_revocation (ceramic_cache_id, proof_value)
    select c.id, c.proof_value
    from ceramic_cache as c
    where
        (c.id = p_credential_id or p_credential_id is null)
        and (c.address = v_address or v_address is null)
        and (c.provider = p_provider or p_provider is null)
    order by c.id
    on conflict (ceramic_cache_id) do nothing;
    get diagnostics v_count = row_count;
    return v_count;
end;
$function$;

revoke execute on function scorer.revoke_credentials(bigint, text, text) from public;
grant execute on function scorer.revoke_credentials(bigint, text, text) to scorer_admin;
