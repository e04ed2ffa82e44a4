create or replace function scorer.erase_wallet(p_address text)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Removes a wallet from everything that is ours, for good. Where the tables are another service's, from what is ours
alone: the checks of its credentials, its stamp actions and its bonus awards; that service erases the rest.

Arguments
  p_address  the wallet, 0x and 40 hex digits in any case

Result
  object of table to the number of rows that are gone

Errors (nothing is removed)
  SC001 address malformed
  55P03 (no lock within 10 s) may be retried as it is.

Locks: the passports' names, as answer_request takes them, in the order of the communities. A request that is scoring
the wallet in a community for the first time is not waited for, and may write after it: call again.

Events and checks are read from end to end: it is for an operator, not for a request.
*/
declare
    v_address constant text := lower(p_address);
    v_ours constant boolean := (select c.relkind = 'r' from pg_class as c where c.oid = 'registry_passport'::regclass);
    v_rows jsonb := jsonb_build_object();
    v_count bigint;
begin
    if p_address is null or p_address !~ '^0x[0-9a-fA-F]{40}$' then
        raise exception 'invalid address' using
            errcode = 'SC001',
            detail = format('%L is not an Ethereum address.', left(p_address, 100)),
            hint = 'Pass 0x followed by 40 hexadecimal digits.';
    end if;

    perform pg_advisory_xact_lock(hashtextextended(format('passport %s %s', v_address, p.community_id), 0))
    from (
        select r.community_id from registry_passport as r
        where r.address = v_address
        order by r.community_id
    ) as p;

    -- A check of a document that never counts names no wallet.
    delete from credential_check as k
    where
        k.subject = 'did:pkh:eip155:1:' || v_address
        or k.digest in (select c.digest from ceramic_cache as c where c.address = v_address);
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object('credential_check', v_count);

    if v_ours then
        delete from registry_score as s
        using registry_passport as p
        where p.id = s.passport_id and p.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('registry_score', v_count);

        delete from registry_stamp as s
        using registry_passport as p
        where p.id = s.passport_id and p.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('registry_stamp', v_count);

        delete from registry_passport as p
        where p.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('registry_passport', v_count);

        delete from registry_hashscorerlink as l
        where l.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('registry_hashscorerlink', v_count);

        delete from registry_event as e
        where e.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('registry_event', v_count);

        delete from human_points_passingscorerecord as r
        where r.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('human_points_passingscorerecord', v_count);

        -- Revocations go with their credentials.
        delete from ceramic_cache as c
        where c.address = v_address;
        get diagnostics v_count = row_count;
        v_rows := v_rows || jsonb_build_object('ceramic_cache', v_count);
    end if;

    delete from human_points_stampaction as a
    where a.address = v_address;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object('human_points_stampaction', v_count);

    delete from human_points_bonusaward as a
    where a.address = v_address;
    get diagnostics v_count = row_count;
    return v_rows || jsonb_build_object('human_points_bonusaward', v_count);
end;
$function$;

revoke execute on function scorer.erase_wallet(text) from public;
