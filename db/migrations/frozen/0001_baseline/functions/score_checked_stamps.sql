create or replace function scorer.score_checked_stamps(
    p_address text,
    p_scorer_id bigint,
    p_providers text[],
    p_credentials scorer.stored_credential[],
    p_expires_at timestamptz[],
    p_nullifiers jsonb[],
    p_human_points_enabled boolean,
    p_human_points_start timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Where a score is computed: deduplicates a wallet's stamps against every other passport of the community, stores
stamps, score, events and human points, and gives the answer. score_passport and score_wallet call it, each in
its own way sure that the stamps are well formed; they also set how it is planned (see score_passport).

Arguments
  p_address               the wallet, in lower case
  p_scorer_id             the community's id
  p_providers, p_credentials, p_expires_at, p_nullifiers
                          one element a stamp each, as in score_passport's p_valid_stamps; null for no stamps
  p_human_points_enabled, p_human_points_start
                          as score_passport takes them

Result
  the answer, as score_passport gives it

Errors
  SC002, SC005 and SC006 as in score_passport; 40001 when the passport was removed meanwhile

Locks, in this order: the passport's row; the hash links to be claimed, sorted by hash, in one statement; those of
ensure_event_partitions, where the month has no partition; the row of the wallet's human points.

Which stamps count, the verdicts say: one rule after another, each in one place, gives a verdict to stamps that
have none. A rule that comes before dedup keeps them from claiming links; one that comes after leaves them theirs.

A link is live while expires_at > now(). A live link never changes hands, which guard_live_link sees to for
every writer; and no decision rests on an unlocked link that was not live: whatever is missing or expired is
locked before its owner is looked at. Hence read committed is enough.
*/
declare
    v_now constant timestamptz := now();
    v_stamp bigint;

    v_human_points_program boolean;
    v_weights jsonb;
    v_threshold numeric;
    v_passport_id bigint;

    -- One element a stamp: null while it counts, else 'deduped' or 'surplus'.
    v_verdicts text[] := array_fill(null::text, array[coalesce(cardinality(p_providers), 0)]);
    v_counted bigint[];

    -- One element a nullifier, in the order of the stamps and of each stamp's list, and its stamp's position.
    v_hashes text[];
    v_hash_stamps bigint[];

    -- Hashes of links, and live links of other wallets; v_clashes has the positions of the stamps.
    v_open text[];
    v_open_ids bigint[];
    v_claimed text[];
    v_claimed_ids bigint[];
    v_taken registry_hashscorerlink[];
    v_clash record;
    v_clashes registry_hashscorerlink[];

    v_stored bigint;
    v_kept bigint[];
    v_kept_providers text[];

    v_raw_score numeric;
    v_passing boolean;
    v_stamp_scores jsonb;
    v_stamps jsonb;
    v_expiration_date timestamptz;
    v_score registry_score;
begin
    ------------------------------------------------------------------------------------------------------
    -- Scorer.
    ------------------------------------------------------------------------------------------------------
    -- The concatenation takes long weights out of their compressed form, once. The scorer is looked up, not joined: a
    -- join that was planned while there were few would read all of them.
    select
        c.human_points_program,
        (select s.weights || '{}' from scorer_weighted_binaryweightedscorer as s where s.scorer_ptr_id = c.scorer_id),
        (select s.threshold from scorer_weighted_binaryweightedscorer as s where s.scorer_ptr_id = c.scorer_id)
    into v_human_points_program, v_weights, v_threshold
    from account_community as c
    where c.id = p_scorer_id;

    if not found then
        raise exception 'unknown scorer' using
            errcode = 'SC002',
            detail = format('There is no community %s.', coalesce(p_scorer_id::text, 'null')),
            hint = 'Pass the id of a row of account_community.';
    end if;

    if
        jsonb_typeof(v_weights) is distinct from 'object'
        or v_threshold is null
        or v_threshold = 'NaN'
    then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format('Community %s has no scorer with weights and a threshold.', p_scorer_id),
            hint = 'In scorer_weighted_binaryweightedscorer, weights is an object and threshold a number.';
    end if;

    if v_now >= any(p_expires_at) then
        select min(e.i)
        into v_stamp
        from unnest(p_expires_at) with ordinality as e (expires_at, i)
        where e.expires_at <= v_now;

        raise exception 'expired stamp' using
            errcode = 'SC005',
            detail = format(
                'Stamp %s of p_valid_stamps expired at %s.', v_stamp, iso_timestamp(p_expires_at[v_stamp])
            ),
            hint = 'Leave expired credentials out; compare with the time of the database.';
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Passport: its row lock makes two scorings of one passport run one after the other.
    ------------------------------------------------------------------------------------------------------
    select p.id
    into v_passport_id
    from registry_passport as p
    where p.address = p_address and p.community_id = p_scorer_id
    for no key update;

    if not found then
        insert into registry_passport (address, community_id)
        values (p_address, p_scorer_id)
        on conflict (address, community_id) do nothing;

        select p.id
        into v_passport_id
        from registry_passport as p
        where p.address = p_address and p.community_id = p_scorer_id
        for no key update;

        if not found then
            raise exception 'passport removed while it was being scored' using
                errcode = 'serialization_failure',
                hint = 'Try again.';
        end if;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- LIFO dedup, read: the nullifiers of the stamps that count so far, and their links, as this statement sees
    -- them. A live link of another wallet is taken; a live own one with the expiry of the stamp stays; all
    -- others are open. Each is looked up by itself, so that no other index is used than that of hash and community:
    -- an existing table has some on the community or on expires_at alone, of which a plan that is made once for all
    -- cannot know how many links they lead to.
    ------------------------------------------------------------------------------------------------------
    with nullifier as materialized (
        select
            n.hash,
            n.position,
            s.i,
            (
                select case when l.address <> p_address then l.id else 0 end
                from registry_hashscorerlink as l
                where
                    l.hash = n.hash
                    and l.community_id = p_scorer_id
                    and l.expires_at > v_now
                    and (l.address <> p_address or l.expires_at = p_expires_at[s.i])
            ) as taken_id
        from unnest(p_nullifiers) with ordinality as s (nullifiers, i)
        cross join lateral jsonb_array_elements_text(s.nullifiers) with ordinality as n (hash, position)
        where v_verdicts[s.i] is null
    )

    select
        array_agg(n.hash order by n.i, n.position),
        array_agg(n.i order by n.i, n.position),
        (
            select array_agg(l) from registry_hashscorerlink as l
            where l.id = any(array(select t.taken_id from nullifier as t where t.taken_id > 0))
        ),
        array_agg(distinct n.hash) filter (where n.taken_id is null)
    into v_hashes, v_hash_stamps, v_taken, v_open
    from nullifier as n;

    ------------------------------------------------------------------------------------------------------
    -- LIFO dedup, claim: all open links are locked, and those that are missing or expired become this wallet's.
    -- What somebody made or renewed meanwhile is taken too; an own one stays for now. One sorted statement, hence
    -- no deadlock between wallets whose nullifiers overlap in opposite order.
    ------------------------------------------------------------------------------------------------------
    if v_open is not null then
        with claimed as (
            insert into registry_hashscorerlink as l (hash, address, community_id, expires_at)
            select n.hash, p_address, p_scorer_id, max(p_expires_at[n.i])
            from unnest(v_hashes, v_hash_stamps) as n (hash, i)
            inner join unnest(v_open) as o (hash) on o.hash = n.hash
            group by n.hash
            order by n.hash collate "C"
            on conflict (hash, community_id) do update
                set address = excluded.address, expires_at = excluded.expires_at
                where l.expires_at <= v_now and l.address <> excluded.address
            returning l.id, l.hash
        )

        select coalesce(array_agg(c.hash::text), '{}'), coalesce(array_agg(c.id), '{}')
        into v_claimed, v_claimed_ids
        from claimed as c;

        v_open_ids := v_claimed_ids;

        if cardinality(v_claimed) < cardinality(v_open) then
            with locked as materialized (
                select
                    (
                        select l from registry_hashscorerlink as l
                        where l.hash = o.hash and l.community_id = p_scorer_id
                    ) as link
                from unnest(v_open) as o (hash)
                where o.hash not in (select c.hash from unnest(v_claimed) as c (hash))
            )

            select
                v_taken || array_agg(k.link) filter (where (k.link).address <> p_address),
                v_open_ids || array_agg((k.link).id)
            into v_taken, v_open_ids
            from locked as k;
        end if;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- LIFO dedup, decide: from the taken links as they were read, whatever became of them meanwhile, and from the
    -- locked ones as they are. A stamp clashes with the first of its nullifiers whose link is taken.
    ------------------------------------------------------------------------------------------------------
    if v_taken is not null then
        for v_clash in
            select distinct on (n.i) n.i, l as link
            from unnest(v_hashes, v_hash_stamps) with ordinality as n (hash, i, position)
            inner join unnest(v_taken) as l on l.hash = n.hash
            order by n.i, n.position
        loop
            v_verdicts[v_clash.i] := 'deduped';
            v_clashes[v_clash.i] := v_clash.link;
        end loop;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- LIFO dedup, write: an open link expires with the last of the clean stamps that have its nullifier. Without
    -- any, if it was claimed just now, it goes to the owner of the link that the first of its stamps clashes with,
    -- and expires with that one. Where all were claimed and none is taken, all is as it is to be.
    ------------------------------------------------------------------------------------------------------
    if v_open is not null and (v_taken is not null or cardinality(v_claimed) < cardinality(v_open)) then
        -- guard_live_link lets no update change the owner of a live link, not even of one claimed just now, so
        -- it expires first. The row stays: another writer may have read its id, and an update of a row that is
        -- gone fails silently.
        if 'deduped' = any(v_verdicts) then
            update registry_hashscorerlink as l
            set expires_at = v_now
            where
                l.id = any(v_claimed_ids)
                and l.hash not in (
                    select n.hash
                    from unnest(v_hashes, v_hash_stamps) as n (hash, i)
                    where v_verdicts[n.i] is null
                );
        end if;

        update registry_hashscorerlink as l
        set address = d.address, expires_at = d.expires_at
        from (
            select distinct on (n.hash)
                n.hash,
                coalesce((v_clashes[n.i]).address, p_address) as address,
                coalesce((v_clashes[n.i]).expires_at, p_expires_at[n.i]) as expires_at
            from unnest(v_hashes, v_hash_stamps) as n (hash, i)
            order by
                n.hash,
                v_verdicts[n.i] is not null,
                case when v_verdicts[n.i] is null then p_expires_at[n.i] end desc,
                n.i
        ) as d
        where
            l.id = any(v_open_ids)
            and l.hash = d.hash
            and l.expires_at <> d.expires_at
            and (d.address = p_address or l.id in (select c.id from unnest(v_claimed_ids) as c (id)));
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Surplus: of each provider the first stamp that still counts does, whatever it claimed.
    ------------------------------------------------------------------------------------------------------
    v_counted := array(
        select min(s.i)
        from unnest(p_providers) with ordinality as s (provider, i)
        where v_verdicts[s.i] is null
        group by s.provider
        order by min(s.i)
    );

    if cardinality(v_counted) < cardinality(array_positions(v_verdicts, null)) then
        v_verdicts := array(
            select case when v.verdict is null and v.i <> all(v_counted) then 'surplus' else v.verdict end
            from unnest(v_verdicts) with ordinality as v (verdict, i)
            order by v.i
        );
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Stamps: exactly those that count. Rows that hold the credential already, byte by byte, are kept; documents
    -- are compared within a provider only.
    ------------------------------------------------------------------------------------------------------
    with kept as (
        select min(s.id) as id, s.provider
        from registry_stamp as s
        inner join unnest(v_counted) as c (i)
            on p_providers[c.i] = s.provider and record_image_eq(p_credentials[c.i], row(s.credential))
        where s.passport_id = v_passport_id
        group by s.provider
    )

    select
        (select count(*) from registry_stamp as s where s.passport_id = v_passport_id),
        coalesce(array_agg(k.id), '{}'),
        coalesce(array_agg(k.provider::text), '{}')
    into v_stored, v_kept, v_kept_providers
    from kept as k;

    if v_stored > cardinality(v_kept) then
        delete from registry_stamp as s
        where s.passport_id = v_passport_id and s.id <> all(v_kept);
    end if;

    if cardinality(v_counted) > cardinality(v_kept) then
        insert into registry_stamp (passport_id, provider, credential)
        select v_passport_id, p_providers[c.i], (p_credentials[c.i]).credential
        from unnest(v_counted) as c (i)
        where p_providers[c.i] <> all(v_kept_providers);
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Score: numeric throughout; a provider without a weight is worth 0. A provider with a stamp that counts is
    -- shown as what it counts for, else as its first: of one key, jsonb keeps the last value.
    ------------------------------------------------------------------------------------------------------
    with stamp as materialized (
        select
            s.i,
            s.provider,
            s.expires_at,
            v_verdicts[s.i] as verdict,
            v_verdicts[s.i] is null as counts,
            weight_of(v_weights, s.provider) as weight
        from unnest(p_providers, p_expires_at) with ordinality as s (provider, expires_at, i)
    )

    select
        min(s.i) filter (where s.weight is null),
        coalesce(sum(s.weight) filter (where s.counts), 0),
        coalesce(jsonb_object_agg(s.provider, s.weight) filter (where s.counts), '{}'),
        coalesce(
            jsonb_object_agg(
                s.provider,
                jsonb_build_object(
                    'score', five_decimals(case when s.counts then s.weight else 0 end),
                    'dedup', s.verdict is not distinct from 'deduped',
                    'expiration_date', case
                        when s.counts then iso_timestamp(s.expires_at)
                        else coalesce((p_credentials[s.i]).credential ->> 'expirationDate', iso_timestamp(s.expires_at))
                    end
                )
                order by s.counts, s.i desc
            ),
            '{}'
        ),
        min(s.expires_at) filter (where s.counts)
    into v_stamp, v_raw_score, v_stamp_scores, v_stamps, v_expiration_date
    from stamp as s;

    if v_stamp is not null then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format(
                'Community %s has an unusable weight for provider %L.', p_scorer_id, p_providers[v_stamp]
            ),
            hint = 'In scorer_weighted_binaryweightedscorer, each weight is a number or a numeric string.';
    end if;

    v_passing := v_raw_score >= v_threshold;

    insert into registry_score (
        passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps, expiration_date, error
    )
    values (
        v_passport_id,
        v_passing::integer,
        'DONE',
        v_now,
        jsonb_build_object(
            'type', 'ThresholdScoreCheck',
            'success', v_passing,
            'rawScore', v_raw_score::text,
            'threshold', v_threshold::text
        ),
        v_stamp_scores,
        v_stamps,
        v_expiration_date,
        null
    )
    on conflict (passport_id) do update set
        score = excluded.score,
        status = excluded.status,
        last_score_timestamp = excluded.last_score_timestamp,
        evidence = excluded.evidence,
        stamp_scores = excluded.stamp_scores,
        stamps = excluded.stamps,
        expiration_date = excluded.expiration_date,
        error = excluded.error
    returning * into v_score;

    ------------------------------------------------------------------------------------------------------
    -- Events: one a deduped stamp, then the score as it was stored.
    ------------------------------------------------------------------------------------------------------
    -- Where nobody made the month ahead, this request does; to look for names costs less than to catch an error.
    if
        to_regclass('registry_event_' || to_char(v_now at time zone 'UTC', 'YYYY_MM')) is null
        and to_regclass('scorer.registry_event_ids') is not null
    then
        perform ensure_event_partitions(0, v_now);
    end if;

    if 'deduped' = any(v_verdicts) then
        insert into registry_event (action, address, data, community_id, created_at)
        select
            'LIFO_DEDUPLICATION',
            p_address,
            jsonb_build_object(
                'nullifiers', p_nullifiers[s.i], 'provider', p_providers[s.i], 'community_id', p_scorer_id
            ),
            p_scorer_id,
            v_now
        from unnest(v_verdicts) with ordinality as s (verdict, i)
        where s.verdict = 'deduped'
        order by s.i;
    end if;

    insert into registry_event (action, address, data, community_id, created_at)
    values (
        'SCORE_UPDATE',
        p_address,
        jsonb_build_object(
            'scorer_id', p_scorer_id,
            'model', 'registry.score',
            'pk', v_score.id,
            'fields', jsonb_build_object(
                'passport', v_passport_id,
                'score', v_score.score::text,
                'status', v_score.status,
                'last_score_timestamp', iso_timestamp(v_score.last_score_timestamp),
                'expiration_date', iso_timestamp(v_score.expiration_date),
                'error', v_score.error,
                'evidence', v_score.evidence,
                'stamp_scores', v_score.stamp_scores,
                'stamps', v_score.stamps
            )
        ),
        p_scorer_id,
        v_now
    );

    ------------------------------------------------------------------------------------------------------
    -- Human points: all that crosses communities. Who brings a wallet's record of a community locks the wallet's row
    -- first, so that the fourth sees the other three, whichever sessions bring them.
    ------------------------------------------------------------------------------------------------------
    if p_human_points_enabled and v_human_points_program and v_passing and v_now >= p_human_points_start then
        if not exists (
            select from human_points_passingscorerecord as r
            where r.address = p_address and r.community_id = p_scorer_id
        ) then
            insert into human_points_wallet (address)
            values (p_address)
            on conflict (address) do update set address = excluded.address;

            insert into human_points_passingscorerecord (address, community_id)
            values (p_address, p_scorer_id)
            on conflict (address, community_id) do nothing;
        end if;

        insert into human_points_stampaction (address, provider, action)
        select p_address, p_providers[c.i], 'VERIFIED'
        from unnest(v_counted) as c (i)
        order by p_providers[c.i] collate "C"
        on conflict (address, provider) do nothing;

        insert into human_points_bonusaward (address, bonus_type, points)
        select p_address, b.bonus_type, b.points
        from (
            values
            (
                'METAMASK_OG', 100,
                'metamaskDeveloperDao' in (select p_providers[c.i] from unnest(v_counted) as c (i))
            ),
            (
                'SCORING_BONUS', 50,
                (
                    select count(distinct r.community_id)
                    from human_points_passingscorerecord as r
                    where r.address = p_address
                ) >= 4
            )
        ) as b (bonus_type, points, earned)
        where b.earned
        order by b.bonus_type
        on conflict (address, bonus_type) do nothing;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Answer.
    ------------------------------------------------------------------------------------------------------
    return jsonb_build_object(
        'address', p_address,
        'score', five_decimals(v_raw_score),
        'passing_score', v_passing,
        'last_score_timestamp', iso_timestamp(v_score.last_score_timestamp),
        'expiration_timestamp', iso_timestamp(v_score.expiration_date),
        'threshold', five_decimals(v_threshold),
        'error', v_score.error,
        'stamps', v_score.stamps,
        'points_data', null,
        'possible_points_data', null,
        'linked_score', null
    );
end;
$function$;

revoke execute on function scorer.score_checked_stamps(
    text, bigint, text[], scorer.stored_credential[], timestamptz[], jsonb[], boolean, timestamptz
) from public;
