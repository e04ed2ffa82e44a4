create or replace function scorer.answer_request(
    p_key_prefix text,
    p_key_hash text,
    p_legacy_key_hash text,
    p_scorer_id numeric,
    p_address text,
    p_trusted_issuers text[],
    p_verifier text,
    p_checks jsonb,
    p_human_points_enabled boolean,
    p_human_points_start timestamptz,
    out outcome text,
    out legacy_parameters text,
    out unchecked text,
    out left_out jsonb,
    out answer jsonb,
    out account_id bigint,
    out api_key_id text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_seqscan = off
set jit = off
as $function$
/*
A whole request of the HTTP service: checks the API key, that the scorer belongs to the key's account, and scores
the wallet with those of its live credentials that count: not deleted, not revoked. What a credential's document
says and whether its proof holds is looked up by the digest of the document; documents of which nothing is known are
asked for instead, some at a time, and the call made again with their checks.

Arguments
  p_key_prefix, p_key_hash, p_legacy_key_hash  as authenticate_api_key takes them
  p_scorer_id             an integer: external_scorer_id of a community of the key's account, which may be longer than
                          an id, else a community's id; null matches none
  p_address               the wallet, in lower case; null for what is none
  p_trusted_issuers       the DIDs whose credentials count
  p_verifier              names what checks documents, in its version: checks of another are not used
  p_checks                as keep_checks takes them; [] at first
  p_human_points_enabled, p_human_points_start
                          as score_passport takes them

Result
  outcome            'scored', or why not: 'invalid_key', 'legacy_key' (derive p_legacy_key_hash from
                     legacy_parameters and call again), 'unknown_scorer' (also when it is another account's),
                     'invalid_address', 'too_many_credentials' (more than 1,000, or more than 10,000 nullifiers),
                     'unchecked' (check the documents and call again)
  legacy_parameters  with 'legacy_key'
  unchecked          with 'unchecked', documents of trusted issuers of which nothing is known, one a line: of the
                     oldest credentials, until they are 200, or 2 MiB or more
  left_out           with 'scored', array of [provider, reason] of the credentials that did not count, or null
  answer             with 'scored', as score_passport gives it
  account_id, api_key_id
                     whose request it is, as authenticate_api_key gives it, once the key is known

Errors: those of score_checked_stamps.

Locks, in this order: those of authenticate_api_key; the new rows of credential_check, sorted by digest; the
passport's name (transaction-level advisory lock), then its row where it has one; those of score_checked_stamps.

It is planned as score_passport is.
*/
declare
    -- What a request may cost, whatever a wallet's owner has stored. A production credential has 2 kB.
    v_max_credentials constant integer := 1000;
    v_max_nullifiers constant integer := 10000;
    v_max_unchecked constant integer := 200;
    v_max_unchecked_bytes constant integer := 2097152;

    v_community_id bigint;
    -- One element a live credential, oldest first.
    v_providers text[];
    v_credentials jsonb[];
    v_digests bytea[];
    v_expires_at timestamptz[];
    v_nullifiers jsonb[];
    v_reasons text[];
    v_nullifier_count bigint;
    v_provider_count bigint;
begin
    -- A community that has been deleted is answered too.
    select
        a.account_id,
        a.api_key_id,
        a.legacy_parameters,
        coalesce(
            (
                select c.id from account_community as c
                where c.external_scorer_id = p_scorer_id::text and c.account_id = a.account_id
            ),
            (
                select c.id from account_community as c
                where
                    c.id = case when abs(p_scorer_id) < 9223372036854775808 then p_scorer_id::bigint end
                    and c.account_id = a.account_id
            )
        )
    into account_id, api_key_id, legacy_parameters, v_community_id
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash) as a;

    if account_id is null then
        outcome := case when legacy_parameters is null then 'invalid_key' else 'legacy_key' end;
        return;
    end if;

    if v_community_id is null then
        outcome := 'unknown_scorer';
        return;
    end if;

    if p_address is null then
        outcome := 'invalid_address';
        return;
    end if;

    -- Kept even where this request cannot be answered yet.
    if p_checks <> '[]' then
        perform keep_checks(p_verifier, p_checks);
    end if;

    -- What the wallet holds is read when no other request for its passport is under way: who reads last also writes
    -- last. By name, since a passport that is scored for the first time has no row; and by its row, where it has one,
    -- for the other writers of the table.
    perform pg_advisory_xact_lock(hashtextextended(format('passport %s %s', p_address, v_community_id), 0));

    perform from registry_passport as p
    where p.address = p_address and p.community_id = v_community_id
    for no key update;

    -- A document that is too large to have a digest is not read. Revocations are looked up one by one: a join would
    -- read them all.
    select array_agg(c.provider), array_agg(c.stamp), array_agg(c.digest)
    into v_providers, v_credentials, v_digests
    from (
        select l.provider, l.digest, case when l.digest is not null then l.stamp end as stamp
        from (
            select c.id, c.updated_at, c.provider::text as provider, c.digest, c.stamp
            from ceramic_cache as c
            where
                c.address = p_address
                and c.deleted_at is null
                and (select r.id from ceramic_cache_revocation as r where r.ceramic_cache_id = c.id) is null
            limit v_max_credentials + 1
        ) as l
        order by l.updated_at, l.id
    ) as c;

    -- One row a credential, whatever is known of it.
    select
        array_agg(j.expires_at order by j.i),
        array_agg(j.nullifiers order by j.i),
        array_agg(j.reason order by j.i),
        sum(jsonb_array_length(j.nullifiers)) filter (where j.reason is null),
        count(distinct j.provider) filter (where j.reason is null)
    into v_expires_at, v_nullifiers, v_reasons, v_nullifier_count, v_provider_count
    from (
        select
            l.i,
            l.provider,
            k.expires_at,
            k.nullifiers,
            case
                when l.digest is null then 'too_large'
                when
                    coalesce(k.issuer, v_credentials[l.i] ->> 'issuer') = any(p_trusted_issuers) is not true
                    then 'untrusted_issuer'
                when k.digest is null then 'unchecked'
                when k.fault is not null then k.fault
                when k.subject <> 'did:pkh:eip155:1:' || p_address then 'other_subject'
                when k.provider <> l.provider then 'other_provider'
                when k.signed_at > now() then 'future_proof'
                when k.expires_at <= now() then 'expired'
            end as reason
        from unnest(v_providers, v_digests) with ordinality as l (provider, digest, i)
        left join (
            select k.digest, k.fault, k.issuer, k.subject, k.provider, k.nullifiers, k.expires_at, k.signed_at
            from credential_check as k
            where k.verifier = p_verifier and k.digest = any(v_digests)
        ) as k on k.digest = l.digest
    ) as j;

    if cardinality(v_providers) > v_max_credentials or v_nullifier_count > v_max_nullifiers then
        outcome := 'too_many_credentials';
        return;
    end if;

    if 'unchecked' = any(v_reasons) then
        outcome := 'unchecked';
        select string_agg(d.document, E'\n' order by d.i)
        into unchecked
        from (
            select u.i, u.document, sum(octet_length(u.document)) over (order by u.i) as bytes
            from (
                select distinct on (v_digests[r.i]) r.i, v_credentials[r.i]::text as document
                from (
                    select n.i
                    from unnest(v_reasons) with ordinality as n (reason, i)
                    where n.reason = 'unchecked'
                    order by n.i
                    limit v_max_unchecked
                ) as r
                order by v_digests[r.i], r.i
            ) as u
        ) as d
        where d.bytes - octet_length(d.document) < v_max_unchecked_bytes;
        return;
    end if;

    -- Of each provider the newest that counts stays.
    if v_provider_count < cardinality(v_providers) then
        select
            array_agg(n.provider order by n.i) filter (where n.counts),
            array_agg(v_credentials[n.i] order by n.i) filter (where n.counts),
            array_agg(v_expires_at[n.i] order by n.i) filter (where n.counts),
            array_agg(v_nullifiers[n.i] order by n.i) filter (where n.counts),
            jsonb_agg(jsonb_build_array(n.provider, n.reason) order by n.i) filter (where n.reason is not null)
        into v_providers, v_credentials, v_expires_at, v_nullifiers, left_out
        from (
            select
                r.provider,
                r.reason,
                r.i,
                r.reason is null and r.i = max(r.i) over (partition by r.provider, r.reason is null) as counts
            from unnest(v_providers, v_reasons) with ordinality as r (provider, reason, i)
        ) as n;
    end if;

    outcome := 'scored';
    answer := score_checked_stamps(
        p_address,
        v_community_id,
        v_providers,
        v_credentials,
        v_expires_at,
        v_nullifiers,
        p_human_points_enabled,
        p_human_points_start
    );
end;
$function$;

revoke execute on function scorer.answer_request(
    text, text, text, numeric, text, text[], text, jsonb, boolean, timestamptz
) from public;
grant execute on function scorer.answer_request(
    text, text, text, numeric, text, text[], text, jsonb, boolean, timestamptz
) to scorer_api;
