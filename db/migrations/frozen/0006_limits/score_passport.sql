create or replace function scorer.score_passport(
    p_address text,
    p_scorer_id bigint,
    p_valid_stamps jsonb,
    p_human_points_enabled boolean default false,
    p_human_points_start timestamptz default '-infinity'
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
set enable_nestloop = off
set jit = off
as $function$
/*
Scores a passport: deduplicates its valid stamps against every other passport of the community, stores
stamps, score, events and human points, and returns the answer that the HTTP endpoint sends.

Arguments
  p_address               the wallet, 0x and 40 hex digits in any case
  p_scorer_id             the community's id
  p_valid_stamps          array of {"provider": text, "credential": object, "nullifiers": [text, ...],
                          "expires_at": RFC 3339 text}; the caller has verified each credential; at most
                          1,000 stamps with 10,000 nullifiers in all
  p_human_points_enabled  whether human points are awarded at all
  p_human_points_start    no human points before this time

Result
  {"address", "score" (raw sum, five decimals), "passing_score", "last_score_timestamp",
  "expiration_timestamp", "threshold", "error", "stamps": {provider: {"score", "dedup",
  "expiration_date"}}, "points_data", "possible_points_data", "linked_score"}

Errors (nothing is written)
  SC001 address malformed                SC004 nullifier malformed
  SC002 no such scorer                   SC005 stamp expired
  SC003 stamps malformed                 SC006 weights or threshold of the scorer unusable
  SC007 more stamps or nullifiers than allowed
  40001, 40P01 and 55P03 (no lock within 10 s) may be retried as they are.

Locks, in this order: the passport's row; the hash links to be claimed, sorted by hash, in one statement;
the wallet's human points (transaction-level advisory lock).

A link is live while expires_at > now(). A live link never changes hands, which guard_live_link sees to for
every writer; and no decision rests on an unlocked link that was not live: whatever is missing or expired is
locked before its owner is looked at. Hence read committed is enough.

No nested loops: the planner cannot see how long an array is that a plan will be used for, and a loop over two
of them is quadratic. A table is always narrowed by an index before it is joined. No compilation either: before
PostgreSQL 18 a loop that cannot be avoided then looks dear enough to be compiled, for longer than it runs.
*/
declare
    v_address constant text := lower(p_address);
    v_now constant timestamptz := now();
    v_max_stamps constant integer := 1000;
    v_max_nullifiers constant integer := 10000;

    -- One element a stamp, in array order.
    v_providers text[];
    v_credentials jsonb[];
    v_expires_at timestamptz[];
    v_stamp_weights numeric[];
    -- One element a stamp and nullifier; a nullifier listed twice by one stamp counts once.
    v_hashes text[];
    v_hash_stamps bigint[];

    v_bad_stamp bigint;
    v_problem text;

    v_human_points_program boolean;
    v_weights jsonb;
    v_threshold numeric;
    v_passport_id bigint;

    v_claimed text[];
    v_locked_hashes text[];
    v_settled_hashes text[];
    v_settled_owners text[];
    v_settled_expiries timestamptz[];
    v_deduped bigint[];
    v_renewed_hashes text[];
    v_renewed_expiries timestamptz[];
    v_backfilled_hashes text[];
    v_backfilled_owners text[];
    v_backfilled_expiries timestamptz[];

    v_counted bigint[];
    v_raw_score numeric;
    v_passing boolean;
    v_stamp_scores jsonb;
    v_stamps jsonb;
    v_expiration_date timestamptz;
    v_evidence jsonb;
    v_score registry_score;
begin
    ------------------------------------------------------------------------------------------------------
    -- Validate: every refusal comes before the first write.
    ------------------------------------------------------------------------------------------------------
    if p_address is null or p_address !~ '^0x[0-9a-fA-F]{40}$' then
        raise exception 'invalid address' using
            errcode = 'SC001',
            detail = format('%L is not an Ethereum address.', left(p_address, 100)),
            hint = 'Pass 0x followed by 40 hexadecimal digits.';
    end if;

    select c.human_points_program, s.weights, s.threshold
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

    if jsonb_typeof(p_valid_stamps) is distinct from 'array' then
        raise exception 'invalid stamps' using
            errcode = 'SC003',
            detail = format(
                'p_valid_stamps is %s, not an array.', coalesce(jsonb_typeof(p_valid_stamps), 'null')
            ),
            hint = 'Pass a JSON array of stamps, [] for none.';
    end if;

    if jsonb_array_length(p_valid_stamps) > v_max_stamps then
        raise exception 'too many stamps' using
            errcode = 'SC007',
            detail = format('p_valid_stamps has %s stamps.', jsonb_array_length(p_valid_stamps)),
            hint = format('Pass at most %s stamps with %s nullifiers in all.', v_max_stamps, v_max_nullifiers);
    end if;

    select f.i, f.problem
    into v_bad_stamp, v_problem
    from (
        select e.i, stamp_fault(e.stamp) as problem
        from jsonb_array_elements(p_valid_stamps) with ordinality as e (stamp, i)
    ) as f
    where f.problem is not null
    order by f.i
    limit 1;

    if found then
        raise exception 'invalid stamps' using
            errcode = 'SC003',
            detail = format('Stamp %s of p_valid_stamps: %s.', v_bad_stamp, v_problem),
            hint = 'A stamp is {"provider", "credential", "nullifiers", "expires_at"}.';
    end if;

    begin
        select
            array_agg(e.stamp ->> 'provider' order by e.i),
            array_agg(e.stamp -> 'credential' order by e.i),
            array_agg((e.stamp ->> 'expires_at')::timestamptz order by e.i)
        into v_providers, v_credentials, v_expires_at
        from jsonb_array_elements(p_valid_stamps) with ordinality as e (stamp, i);
    exception
        when data_exception then
            raise exception 'invalid stamps' using
                errcode = 'SC003',
                detail = sqlerrm,
                hint = 'An expires_at is an existing date and time, as 2027-06-01T00:00:00Z.';
    end;

    select min(e.i)
    into v_bad_stamp
    from unnest(v_expires_at) with ordinality as e (expires_at, i)
    where e.expires_at <= v_now;

    if v_bad_stamp is not null then
        raise exception 'expired stamp' using
            errcode = 'SC005',
            detail = format(
                'Stamp %s of p_valid_stamps expired at %s.',
                v_bad_stamp, iso_timestamp(v_expires_at[v_bad_stamp])
            ),
            hint = 'Leave expired credentials out; compare with the time of the database.';
    end if;

    select array_agg(weight_of(v_weights, s.provider) order by s.i)
    into v_stamp_weights
    from unnest(v_providers) with ordinality as s (provider, i);

    v_bad_stamp := array_position(v_stamp_weights, null)::bigint;

    if v_bad_stamp is not null then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format(
                'Community %s has an unusable weight for provider %L.', p_scorer_id, v_providers[v_bad_stamp]
            ),
            hint = 'In scorer_weighted_binaryweightedscorer, each weight is a number or a numeric string.';
    end if;

    select
        array_agg(n.hash order by n.i, n.position),
        array_agg(n.i order by n.i, n.position),
        min(n.i) filter (where n.hash is null or length(n.hash) not between 1 and 100)
    into v_hashes, v_hash_stamps, v_bad_stamp
    from (
        select
            e.i,
            case jsonb_typeof(h.nullifier) when 'string' then h.nullifier #>> '{}' end as hash,
            min(h.position) as position
        from jsonb_array_elements(p_valid_stamps) with ordinality as e (stamp, i)
        cross join lateral jsonb_array_elements(e.stamp -> 'nullifiers')
            with ordinality as h (nullifier, position)
        group by 1, 2
    ) as n;

    if v_bad_stamp is not null then
        raise exception 'invalid stamps' using
            errcode = 'SC004',
            detail = format(
                'Stamp %s of p_valid_stamps: a nullifier is not a string of 1 to 100 characters.', v_bad_stamp
            ),
            hint = 'Pass the nullifiers that the issuer signed, as they are.';
    end if;

    if cardinality(v_hashes) > v_max_nullifiers then
        raise exception 'too many stamps' using
            errcode = 'SC007',
            detail = format('p_valid_stamps has %s nullifiers.', cardinality(v_hashes)),
            hint = format('Pass at most %s stamps with %s nullifiers in all.', v_max_stamps, v_max_nullifiers);
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Passport: its row lock makes two scorings of one passport run one after the other.
    ------------------------------------------------------------------------------------------------------
    select p.id
    into v_passport_id
    from registry_passport as p
    where p.address = v_address and p.community_id = p_scorer_id
    for no key update;

    if not found then
        insert into registry_passport (address, community_id)
        values (v_address, p_scorer_id)
        on conflict (address, community_id) do nothing;

        select p.id
        into v_passport_id
        from registry_passport as p
        where p.address = v_address and p.community_id = p_scorer_id
        for no key update;

        if not found then
            raise exception 'passport removed while it was being scored' using
                errcode = 'serialization_failure',
                hint = 'Try again.';
        end if;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- LIFO dedup. A link is settled, as this statement sees it, when it is another wallet's and live, or our
    -- own with the expiry that it is to have. All others are locked: whatever is missing or expired is claimed
    -- for this wallet; a row that somebody made or renewed meanwhile, or an own one, is left to be read once
    -- the lock is held. One sorted statement, hence no deadlock between wallets whose nullifiers overlap in
    -- opposite order.
    ------------------------------------------------------------------------------------------------------
    with wanted as (
        select n.hash, min(v_expires_at[n.i]) as earliest, max(v_expires_at[n.i]) as latest
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
            and (l.address <> v_address or (l.expires_at = w.earliest and l.expires_at = w.latest))
    ),

    unsettled as (
        select w.hash, w.latest
        from wanted as w
        where w.hash not in (select s.hash from settled as s)
    ),

    claimed as (
        insert into registry_hashscorerlink as l (hash, address, community_id, expires_at)
        select u.hash, v_address, p_scorer_id, u.latest
        from unsettled as u
        order by u.hash collate "C"
        on conflict (hash, community_id) do update
            set address = excluded.address, expires_at = excluded.expires_at
            where l.expires_at <= v_now and l.address <> excluded.address
        returning l.hash
    )

    select
        (select array_agg(c.hash::text) from claimed as c),
        (select array_agg(u.hash) from unsettled as u),
        (select array_agg(s.hash::text) from settled as s),
        (select array_agg(s.address::text) from settled as s),
        (select array_agg(s.expires_at) from settled as s)
    into v_claimed, v_locked_hashes, v_settled_hashes, v_settled_owners, v_settled_expiries;

    -- Then decide from the settled links as they were, whatever became of them meanwhile, and from the locked
    -- ones as they are. Claims that turn out to belong to a deduped stamp go to the owner of the link it
    -- clashes with, in the order of the stamp's own nullifiers.
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
        where l.address <> v_address and l.expires_at > v_now
        order by n.i, n.position
    ),

    clean as (
        select n.hash, max(v_expires_at[n.i]) as expires_at
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

    if v_renewed_hashes is not null then
        update registry_hashscorerlink as l
        set expires_at = r.expires_at
        from unnest(v_renewed_hashes, v_renewed_expiries) as r (hash, expires_at)
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_renewed_hashes)
            and l.hash = r.hash
            and l.address = v_address;
    end if;

    -- guard_live_link lets no update change the owner of a live link, not even of one claimed just now, so it
    -- expires first. The row stays: another writer may have read its id, and an update of a row that is gone
    -- fails silently.
    if v_backfilled_hashes is not null then
        update registry_hashscorerlink as l
        set expires_at = v_now
        where l.community_id = p_scorer_id and l.hash = any(v_backfilled_hashes) and l.address = v_address;

        update registry_hashscorerlink as l
        set address = b.address, expires_at = b.expires_at
        from unnest(v_backfilled_hashes, v_backfilled_owners, v_backfilled_expiries)
            as b (hash, address, expires_at)
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_backfilled_hashes)
            and l.hash = b.hash
            and l.address = v_address;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Stamps: exactly the clean ones, of each provider the first. Rows that already hold the credential
    -- stay, and documents are compared within a provider only.
    ------------------------------------------------------------------------------------------------------
    select coalesce(array_agg(c.i order by c.i), '{}')
    into v_counted
    from (
        select distinct on (s.provider) s.i
        from unnest(v_providers) with ordinality as s (provider, i)
        where s.i <> all(v_deduped)
        order by s.provider, s.i
    ) as c;

    with counted as (
        select s.provider, s.credential
        from unnest(v_providers, v_credentials) with ordinality as s (provider, credential, i)
        where s.i = any(v_counted)
    ),

    unchanged as (
        select distinct on (s.provider) s.id, s.provider
        from registry_stamp as s
        inner join counted as c on c.provider = s.provider and c.credential = s.credential
        where s.passport_id = v_passport_id
        order by s.provider, s.id
    ),

    outdated as (
        delete from registry_stamp as s
        where s.passport_id = v_passport_id and s.id not in (select u.id from unchanged as u)
    )

    insert into registry_stamp (passport_id, provider, credential)
    select v_passport_id, c.provider, c.credential
    from counted as c
    where c.provider not in (select u.provider from unchanged as u);

    ------------------------------------------------------------------------------------------------------
    -- Score: numeric throughout; a provider without a weight is worth 0.
    ------------------------------------------------------------------------------------------------------
    select
        coalesce(sum(s.weight), 0),
        coalesce(jsonb_object_agg(s.provider, s.weight), '{}'),
        coalesce(
            jsonb_object_agg(
                s.provider,
                jsonb_build_object(
                    'score', five_decimals(s.weight),
                    'dedup', false,
                    'expiration_date', iso_timestamp(s.expires_at)
                )
            ),
            '{}'
        ),
        min(s.expires_at)
    into v_raw_score, v_stamp_scores, v_stamps, v_expiration_date
    from (
        select s.provider, s.expires_at, s.weight
        from unnest(v_providers, v_expires_at, v_stamp_weights)
            with ordinality as s (provider, expires_at, weight, i)
        where s.i = any(v_counted)
    ) as s;

    -- A provider with a clean stamp beside a deduped one is shown as what it counts for.
    select
        coalesce(
            jsonb_object_agg(
                s.provider,
                jsonb_build_object(
                    'score', five_decimals(0),
                    'dedup', true,
                    'expiration_date', coalesce(
                        s.credential ->> 'expirationDate', iso_timestamp(s.expires_at)
                    )
                )
                order by s.i desc
            ),
            '{}'
        ) || v_stamps
    into v_stamps
    from unnest(v_providers, v_credentials, v_expires_at)
        with ordinality as s (provider, credential, expires_at, i)
    where s.i = any(v_deduped);

    v_passing := v_raw_score >= v_threshold;
    v_evidence := jsonb_build_object(
        'type', 'ThresholdScoreCheck',
        'success', v_passing,
        'rawScore', v_raw_score::text,
        'threshold', v_threshold::text
    );

    insert into registry_score (
        passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps, expiration_date, error
    )
    values (
        v_passport_id, v_passing::integer, 'DONE', v_now, v_evidence, v_stamp_scores, v_stamps,
        v_expiration_date, null
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
    insert into registry_event (action, address, data, community_id, created_at)
    select
        'LIFO_DEDUPLICATION',
        v_address,
        jsonb_build_object(
            'nullifiers', p_valid_stamps -> (d.i - 1)::integer -> 'nullifiers',
            'provider', v_providers[d.i],
            'community_id', p_scorer_id
        ),
        p_scorer_id,
        v_now
    from unnest(v_deduped) as d (i)
    order by d.i;

    insert into registry_event (action, address, data, community_id, created_at)
    values (
        'SCORE_UPDATE',
        v_address,
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
        perform pg_advisory_xact_lock(hashtextextended('human_points ' || v_address, 0));

        insert into human_points_passingscorerecord (address, community_id)
        values (v_address, p_scorer_id)
        on conflict (address, community_id) do nothing;

        insert into human_points_stampaction (address, provider, action)
        select v_address, v_providers[c.i], 'VERIFIED'
        from unnest(v_counted) as c (i)
        order by v_providers[c.i] collate "C"
        on conflict (address, provider) do nothing;

        insert into human_points_bonusaward (address, bonus_type, points)
        select v_address, b.bonus_type, b.points
        from (
            values
            (
                'METAMASK_OG', 100,
                'metamaskDeveloperDao' in (select v_providers[c.i] from unnest(v_counted) as c (i))
            ),
            (
                'SCORING_BONUS', 50,
                (
                    select count(distinct r.community_id)
                    from human_points_passingscorerecord as r
                    where r.address = v_address
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
        'address', v_address,
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

revoke execute on function scorer.score_passport(text, bigint, jsonb, boolean, timestamptz) from public;
grant execute on function scorer.score_passport(text, bigint, jsonb, boolean, timestamptz) to scorer_api, scorer_caller;
