create or replace function scorer.score_checked_stamps(
    p_address text,
    p_scorer_id bigint,
    p_providers text[],
    p_credentials jsonb[],
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
stamps, score, events and human points, and gives the answer. score_passport and answer_request call it, each in
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

Locks, in this order: the passport's row; the hash links to be claimed, sorted by hash, in one statement;
the wallet's human points (transaction-level advisory lock).

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

    -- One element a nullifier, in the order of the stamps and of each stamp's list, and its stamp's position.
    v_hashes text[];
    v_hash_stamps bigint[];

    v_wanted bigint;
    v_claimed text[];
    v_locked_hashes text[];
    v_settled_hashes text[];
    v_settled_owners text[];
    v_settled_expiries timestamptz[];
    v_deduped bigint[] := array[]::bigint[];
    v_renewed_hashes text[];
    v_renewed_expiries timestamptz[];
    v_backfilled_hashes text[];
    v_backfilled_owners text[];
    v_backfilled_expiries timestamptz[];

    v_counted bigint[];
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
    -- The concatenation takes long weights out of their compressed form, once.
    select c.human_points_program, s.weights || '{}', s.threshold
    into v_human_points_program, v_weights, v_threshold
    from account_community as c
    left join scorer_weighted_binaryweightedscorer as s on s.scorer_ptr_id = c.scorer_id
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
    -- LIFO dedup.
    ------------------------------------------------------------------------------------------------------
    select array_agg(n.hash order by s.i, n.position), array_agg(s.i order by s.i, n.position)
    into v_hashes, v_hash_stamps
    from unnest(p_nullifiers) with ordinality as s (nullifiers, i)
    cross join lateral jsonb_array_elements_text(s.nullifiers) with ordinality as n (hash, position);

    -- A link is settled, as this statement sees it, when it is another wallet's and live, or our own with the
    -- expiry that it is to have.
    with wanted as (
        select n.hash, min(p_expires_at[n.i]) as earliest, max(p_expires_at[n.i]) as latest
        from unnest(v_hashes, v_hash_stamps) as n (hash, i)
        group by n.hash
    ),

    settled as (
        select l.hash, l.address, l.expires_at
        from registry_hashscorerlink as l
        inner join wanted as w on w.hash = l.hash
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_hashes)
            and l.expires_at > v_now
            and (l.address <> p_address or (l.expires_at = w.earliest and l.expires_at = w.latest))
    )

    select
        (select count(*) from wanted),
        array_agg(s.hash::text),
        array_agg(s.address::text),
        array_agg(s.expires_at)
    into v_wanted, v_settled_hashes, v_settled_owners, v_settled_expiries
    from settled as s;

    -- All others are locked: whatever is missing or expired is claimed for this wallet; a row that somebody
    -- made or renewed meanwhile, or an own one, is left to be read once the lock is held. One sorted statement,
    -- hence no deadlock between wallets whose nullifiers overlap in opposite order.
    if v_wanted > coalesce(cardinality(v_settled_hashes), 0) then
        with unsettled as (
            select n.hash, max(p_expires_at[n.i]) as latest
            from unnest(v_hashes, v_hash_stamps) as n (hash, i)
            where n.hash not in (select s.hash from unnest(v_settled_hashes) as s (hash))
            group by n.hash
        ),

        claimed as (
            insert into registry_hashscorerlink as l (hash, address, community_id, expires_at)
            select u.hash, p_address, p_scorer_id, u.latest
            from unsettled as u
            order by u.hash collate "C"
            on conflict (hash, community_id) do update
                set address = excluded.address, expires_at = excluded.expires_at
                where l.expires_at <= v_now and l.address <> excluded.address
            returning l.hash
        )

        select
            (select array_agg(c.hash::text) from claimed as c),
            (select array_agg(u.hash) from unsettled as u)
        into v_claimed, v_locked_hashes;
    end if;

    -- Where each link is settled and ours there is nothing to decide. Else decide from the settled links as
    -- they were, whatever became of them meanwhile, and from the locked ones as they are. Claims that turn out
    -- to belong to a deduped stamp go to the owner of the link it clashes with, in the order of the stamp's own
    -- nullifiers.
    if v_locked_hashes is not null or p_address <> any(v_settled_owners) then
        with nullifier as (
            select n.hash, n.i, n.position
            from unnest(v_hashes, v_hash_stamps) with ordinality as n (hash, i, position)
        ),

        link as (
            select s.hash, s.address, s.expires_at
            from unnest(v_settled_hashes, v_settled_owners, v_settled_expiries) as s (hash, address, expires_at)
            union all
            select l.hash::text, l.address::text, l.expires_at
            from registry_hashscorerlink as l
            where l.community_id = p_scorer_id and l.hash = any(v_locked_hashes)
        ),

        deduped as (
            select distinct on (n.i) n.i, l.address, l.expires_at
            from nullifier as n
            inner join link as l on l.hash = n.hash
            where l.address <> p_address and l.expires_at > v_now
            order by n.i, n.position
        ),

        clean as (
            select n.hash, max(p_expires_at[n.i]) as expires_at
            from nullifier as n
            where n.i not in (select d.i from deduped as d)
            group by n.hash
        ),

        renewed as (
            select c.hash, c.expires_at
            from clean as c
            inner join link as l on l.hash = c.hash
            where l.expires_at <> c.expires_at
        ),

        backfilled as (
            select distinct on (n.hash) n.hash, d.address, d.expires_at
            from nullifier as n
            inner join deduped as d on d.i = n.i
            where n.hash = any(v_claimed) and n.hash not in (select c.hash from clean as c)
            order by n.hash, n.i
        )

        select
            coalesce((select array_agg(d.i order by d.i) from deduped as d), '{}'),
            (select array_agg(r.hash) from renewed as r),
            (select array_agg(r.expires_at) from renewed as r),
            (select array_agg(b.hash) from backfilled as b),
            (select array_agg(b.address::text) from backfilled as b),
            (select array_agg(b.expires_at) from backfilled as b)
        into
            v_deduped,
            v_renewed_hashes,
            v_renewed_expiries,
            v_backfilled_hashes,
            v_backfilled_owners,
            v_backfilled_expiries;
    end if;

    if v_renewed_hashes is not null then
        update registry_hashscorerlink as l
        set expires_at = r.expires_at
        from unnest(v_renewed_hashes, v_renewed_expiries) as r (hash, expires_at)
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_renewed_hashes)
            and l.hash = r.hash
            and l.address = p_address;
    end if;

    -- guard_live_link lets no update change the owner of a live link, not even of one claimed just now, so it
    -- expires first. The row stays: another writer may have read its id, and an update of a row that is gone
    -- fails silently.
    if v_backfilled_hashes is not null then
        update registry_hashscorerlink as l
        set expires_at = v_now
        where l.community_id = p_scorer_id and l.hash = any(v_backfilled_hashes) and l.address = p_address;

        update registry_hashscorerlink as l
        set address = b.address, expires_at = b.expires_at
        from unnest(v_backfilled_hashes, v_backfilled_owners, v_backfilled_expiries)
            as b (hash, address, expires_at)
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_backfilled_hashes)
            and l.hash = b.hash
            and l.address = p_address;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Stamps: exactly the clean ones, of each provider the first. Rows that hold the credential already, byte
    -- by byte, are kept; documents are compared within a provider only.
    ------------------------------------------------------------------------------------------------------
    with counted as materialized (
        select distinct on (c.provider) c.provider, c.i
        from unnest(p_providers) with ordinality as c (provider, i)
        where c.i <> all(v_deduped)
        order by c.provider, c.i
    ),

    kept as (
        select min(s.id) as id, s.provider
        from registry_stamp as s
        inner join counted as c
            on c.provider = s.provider and record_image_eq(row(p_credentials[c.i]), row(s.credential))
        where s.passport_id = v_passport_id
        group by s.provider
    )

    select
        (select coalesce(array_agg(c.i order by c.i), '{}') from counted as c),
        (select count(*) from registry_stamp as s where s.passport_id = v_passport_id),
        coalesce(array_agg(k.id), '{}'),
        coalesce(array_agg(k.provider::text), '{}')
    into v_counted, v_stored, v_kept, v_kept_providers
    from kept as k;

    if v_stored > cardinality(v_kept) then
        delete from registry_stamp as s
        where s.passport_id = v_passport_id and s.id <> all(v_kept);
    end if;

    if cardinality(v_counted) > cardinality(v_kept) then
        insert into registry_stamp (passport_id, provider, credential)
        select v_passport_id, c.provider, c.credential
        from unnest(p_providers, p_credentials) with ordinality as c (provider, credential, i)
        where c.i = any(v_counted) and c.provider <> all(v_kept_providers);
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Score: numeric throughout; a provider without a weight is worth 0. A provider with a clean stamp beside a
    -- deduped one is shown as what it counts for: of one key, jsonb keeps the last value.
    ------------------------------------------------------------------------------------------------------
    with stamp as materialized (
        select
            s.i,
            s.provider,
            s.expires_at,
            weight_of(v_weights, s.provider) as weight,
            s.i = any(v_counted) as counts
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
                    'dedup', not s.counts,
                    'expiration_date', case
                        when s.counts then iso_timestamp(s.expires_at)
                        else coalesce(p_credentials[s.i] ->> 'expirationDate', iso_timestamp(s.expires_at))
                    end
                )
                order by s.counts, s.i desc
            ) filter (where s.counts or s.i = any(v_deduped)),
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
    if cardinality(v_deduped) > 0 then
        insert into registry_event (action, address, data, community_id, created_at)
        select
            'LIFO_DEDUPLICATION',
            p_address,
            jsonb_build_object(
                'nullifiers', p_nullifiers[d.i], 'provider', p_providers[d.i], 'community_id', p_scorer_id
            ),
            p_scorer_id,
            v_now
        from unnest(v_deduped) as d (i)
        order by d.i;
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
    -- Human points: the lock lets the fourth community see the other three, whichever sessions bring them.
    ------------------------------------------------------------------------------------------------------
    if p_human_points_enabled and v_human_points_program and v_passing and v_now >= p_human_points_start then
        perform pg_advisory_xact_lock(hashtextextended('human_points ' || p_address, 0));

        insert into human_points_passingscorerecord (address, community_id)
        values (p_address, p_scorer_id)
        on conflict (address, community_id) do nothing;

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
    text, bigint, text[], jsonb[], timestamptz[], jsonb[], boolean, timestamptz
) from public;
