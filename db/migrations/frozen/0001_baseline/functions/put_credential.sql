create or replace function scorer.put_credential(p_address text, p_credential jsonb)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Stores a credential of a wallet. Whether it counts is decided when the wallet is scored. A document that the wallet
holds already, live, is not stored again.

Arguments
  p_address     the wallet
  p_credential  the document: its credentialSubject names the wallet and a provider of 1 to 256 characters

Result: the credential's id.

Errors (nothing is written)
  SC001 address malformed
  SC101 where the tables are another service's
  SC104 the document names another wallet, or no provider
*/
declare
    v_address constant text := require_address(p_address);
    v_provider constant text := p_credential #>> '{credentialSubject,provider}';
    v_id bigint;
begin
    perform require_own_tables('store a credential');

    if
        jsonb_typeof(p_credential #> '{credentialSubject,provider}') is distinct from 'string'
        or length(v_provider) not between 1 and 256
        or lower(p_credential #>> '{credentialSubject,id}') is distinct from 'did:pkh:eip155:1:' || v_address
    then
        raise exception 'invalid credential' using
            errcode = 'SC104',
            detail = format('The document''s credentialSubject does not name %s and a provider.', v_address),
            hint = 'Pass the credential as its issuer gave it to this wallet.';
    end if;

    -- A wallet's credentials are put one after the other, else one that is put twice at once would be there twice.
    perform pg_advisory_xact_lock(hashtextextended(format('credentials %s', v_address), 0));

    select min(c.id)
    into v_id
    from ceramic_cache as c
    where
        c.address = v_address
        and c.deleted_at is null
        and (select r.id from ceramic_cache_revocation as r where r.ceramic_cache_id = c.id) is null
        and c.stamp = p_credential;

    if v_id is null then
        insert into ceramic_cache as c (address, provider, stamp, proof_value)
        values (v_address, v_provider, p_credential, left(coalesce(p_credential #>> '{proof,proofValue}', ''), 256))
        returning c.id into v_id;
    end if;

    return v_id;
end;
$function$;

revoke execute on function scorer.put_credential(text, jsonb) from public;
grant execute on function scorer.put_credential(text, jsonb) to scorer_admin;
