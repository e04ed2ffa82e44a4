create or replace function scorer.score_wallet(
    p_address text,
    p_scorer_id bigint,
    p_trusted_issuers text[],
    p_verifier text,
    p_checks jsonb,
    p_human_points_enabled boolean,
    p_human_points_start timestamptz,
    out outcome text,
    out unchecked text,
    out left_out jsonb,
    out answer jsonb
)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
What a request of the service does once it is known who asks: scores a wallet with those of its live credentials that
count. answer_request calls it, and sets how it is planned (see score_passport).

Arguments
  p_address    the wallet, in lower case
  p_scorer_id  the community's id
  p_trusted_issuers, p_verifier, p_checks, p_human_points_enabled, p_human_points_start
               as answer_request takes them

Result
  outcome      'scored', or why not: 'too_many_credentials', 'unchecked'
  unchecked, left_out, answer
               as answer_request gives them

Errors: those of score_checked_stamps.

Locks, in this order: the new rows of credential_check, sorted by digest; the passport's name (transaction-level
advisory lock), then its row where it has one; those of score_checked_stamps.
*/
declare
    -- What a request may cost, whatever a wallet's owner has stored. A production credential has 2 kB.
    v_max_credentials constant integer := 1000;
    v_max_nullifiers constant integer := 10000;
    v_max_unchecked constant integer := 200;
    v_max_unchecked_bytes constant integer := 2097152;

    -- One element a live credential, oldest first.
    v_providers text[];
    v_credentials stored_credential[];
    v_digests bytea[];
    v_expires_at timestamptz[];
    v_nullifiers jsonb[];
    v_reasons text[];
    v_nullifier_count bigint;
    v_provider_count bigint;
begin
    -- Kept even where this request cannot be answered yet.
    if p_checks <> '[]' then
        perform keep_checks(p_verifier, p_checks);
    end if;

    -- What the wallet holds is read when no other request for its passport is under way: who reads last also writes
    -- last. By name, since a passport that is scored for the first time has no row; and by its row, where it has one,
    -- for the other writers of the table.
    perform pg_advisory_xact_lock(hashtextextended(format('passport %s %s', p_address, p_scorer_id), 0));

    perform from registry_passport as p
    where p.address = p_address and p.community_id = p_scorer_id
    for no key update;

    -- A document that is too large to have a digest is not read. Revocations are looked up one by one: a join would
    -- read them all.
    select array_agg(c.provider), array_agg(row(c.stamp)::stored_credential), array_agg(c.digest)
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
            left_out_reason(
                p_address, l.provider, l.digest,
                coalesce(k.issuer, (v_credentials[l.i]).credential ->> 'issuer'), p_trusted_issuers,
                k.digest is not null, k.fault, k.subject, k.provider, k.signed_at, k.expires_at
            ) as reason
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
                select distinct on (v_digests[r.i]) r.i, (v_credentials[r.i]).credential::text as document
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
        p_scorer_id,
        v_providers,
        v_credentials,
        v_expires_at,
        v_nullifiers,
        p_human_points_enabled,
        p_human_points_start
    );
end;
$function$;

revoke execute on function scorer.score_wallet(
    text, bigint, text[], text, jsonb, boolean, timestamptz
) from public;
