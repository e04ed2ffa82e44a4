create or replace function scorer.load_passport(
    p_key_prefix text,
    p_key_hash text,
    p_scorer_id bigint,
    p_address text,
    p_legacy_key_hash text default null
)
returns table (
    outcome text,
    legacy_parameters text,
    loaded_at timestamptz,
    provider text,
    credential text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
All that a request needs before credentials are verified, in one call: checks the API key, that the scorer
belongs to the key's account, and reads the wallet's live credentials.

Arguments
  p_key_prefix, p_key_hash, p_legacy_key_hash  as authenticate_api_key takes them
  p_scorer_id                                  the community's id; null matches none
  p_address                                    the wallet, in lower case

Result
  outcome     'ok', 'invalid_key', 'legacy_key' (derive p_legacy_key_hash from legacy_parameters and call
              again), 'unknown_scorer' (also when it is another account's) or 'too_many_credentials' (more than
              1,000)
  loaded_at   the time of the database, by which a credential is expired or not
  provider, credential
              with 'ok', one row a live credential, oldest first, the document as text, null where it is longer
              than 65,536 bytes; a single row with nulls where there is no credential

Errors: none.

Locks: those of authenticate_api_key.
*/
declare
    -- What a request may cost, whatever a wallet's owner has stored. A production credential has 2 kB.
    v_max_credentials constant integer := 1000;
    v_max_bytes constant integer := 65536;
    v_account_id bigint;
begin
    loaded_at := now();

    select a.account_id, a.legacy_parameters
    into v_account_id, legacy_parameters
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash) as a;

    if v_account_id is null then
        outcome := case when legacy_parameters is null then 'invalid_key' else 'legacy_key' end;
        return next;
        return;
    end if;

    if not exists (
        select from account_community as c where c.id = p_scorer_id and c.account_id = v_account_id
    ) then
        outcome := 'unknown_scorer';
        return next;
        return;
    end if;

    if v_max_credentials < (
        select count(*)
        from (
            select from ceramic_cache as c
            where c.address = p_address and c.deleted_at is null
            limit v_max_credentials + 1
        ) as c
    ) then
        outcome := 'too_many_credentials';
        return next;
        return;
    end if;

    return query
    with live as materialized (
        select c.id, c.created_at, c.provider::text as provider, c.stamp::text as document
        from ceramic_cache as c
        where c.address = p_address and c.deleted_at is null
    )

    select
        'ok', null::text, now(), l.provider, case when octet_length(l.document) <= v_max_bytes then l.document end
    from (values (true)) as one
    left join live as l on true
    order by l.created_at, l.id;
end;
$function$;

revoke execute on function scorer.load_passport(text, text, bigint, text, text) from public;
grant execute on function scorer.load_passport(text, text, bigint, text, text) to scorer_api;
