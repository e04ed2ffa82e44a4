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
alone: the checks and digests of its credentials, its human points; that service erases the rest.

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
    v_rows jsonb;
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
    with checks as (
        delete from credential_check as k
        where
            k.subject = 'did:pkh:eip155:1:' || v_address
            or k.digest in (select c.digest from ceramic_cache as c where c.address = v_address)
        returning k.digest
    ),

    digests as (
        delete from credential_digest as d
        where d.ceramic_cache_id in (select c.id from ceramic_cache as c where c.address = v_address)
        returning d.ceramic_cache_id
    ),

    actions as (
        delete from human_points_stampaction as a
        where a.address = v_address
        returning a.id
    ),

    awards as (
        delete from human_points_bonusaward as a
        where a.address = v_address
        returning a.id
    ),

    wallets as (
        delete from human_points_wallet as w
        where w.address = v_address
        returning w.address
    )

    select
        jsonb_build_object(
            'credential_check', (select count(*) from checks),
            'credential_digest', (select count(*) from digests),
            'human_points_stampaction', (select count(*) from actions),
            'human_points_bonusaward', (select count(*) from awards),
            'human_points_wallet', (select count(*) from wallets)
        )
    into v_rows;

    if not v_ours then
        return v_rows;
    end if;

    with scores as (
        delete from registry_score as s
        using registry_passport as p
        where p.id = s.passport_id and p.address = v_address
        returning s.id
    ),

    stamps as (
        delete from registry_stamp as s
        using registry_passport as p
        where p.id = s.passport_id and p.address = v_address
        returning s.id
    ),

    passports as (
        delete from registry_passport as p
        where p.address = v_address
        returning p.id
    ),

    links as (
        delete from registry_hashscorerlink as l
        where l.address = v_address
        returning l.id
    ),

    events as (
        delete from registry_event as e
        where e.address = v_address
        returning e.id
    ),

    records as (
        delete from human_points_passingscorerecord as r
        where r.address = v_address
        returning r.id
    ),

    -- Revocations go with their credentials.
    credentials as (
        delete from ceramic_cache as c
        where c.address = v_address
        returning c.id
    )

    select
        v_rows || jsonb_build_object(
            'registry_score', (select count(*) from scores),
            'registry_stamp', (select count(*) from stamps),
            'registry_passport', (select count(*) from passports),
            'registry_hashscorerlink', (select count(*) from links),
            'registry_event', (select count(*) from events),
            'human_points_passingscorerecord', (select count(*) from records),
            'ceramic_cache', (select count(*) from credentials)
        )
    into v_rows;

    return v_rows;
end;
$function$;

revoke execute on function scorer.erase_wallet(text) from public;
