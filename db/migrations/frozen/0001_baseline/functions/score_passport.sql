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
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_seqscan = off
set jit = off
as $function$
/*
Scores a passport: deduplicates its valid stamps against every other passport of the community, stores
stamps, score, events and human points, and returns the answer that the HTTP endpoint sends. Here the stamps are
checked and taken apart; score_checked_stamps does the rest.

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

Locks: those of score_checked_stamps.

How the statements of this call are planned. Plans are made once for all calls, since making one takes longer
than running it. No nested loops: the planner cannot see how long an array is that a plan will be used for, and a
loop over two of them is quadratic. A table is always narrowed by an index before it is joined: never scanned,
even where it was empty when the plan was made. No compilation: before PostgreSQL 18 a loop that cannot be avoided
then looks dear enough to be compiled, for longer than it runs.
*/
declare
    v_max_stamps constant integer := 1000;
    v_max_nullifiers constant integer := 10000;
    v_bad_stamp bigint;
    v_nullifier_count bigint;
    v_problem text;
    v_providers text[];
    v_credentials stored_credential[];
    v_expires_at timestamptz[];
    v_nullifiers jsonb[];
begin
    if p_address is null or p_address !~ '^0x[0-9a-fA-F]{40}$' then
        raise exception 'invalid address' using
            errcode = 'SC001',
            detail = format('%L is not an Ethereum address.', left(p_address, 100)),
            hint = 'Pass 0x followed by 40 hexadecimal digits.';
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
            hint = format('Pass at most %s stamps.', v_max_stamps);
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
            array_agg(row(e.stamp -> 'credential')::stored_credential order by e.i),
            array_agg(
                -- Cut, not rounded, as the service reads it.
                regexp_replace(e.stamp ->> 'expires_at', '([.][0-9]{6})[0-9]+', '\1')::timestamptz order by e.i
            ),
            array_agg(e.stamp -> 'nullifiers' order by e.i)
        into v_providers, v_credentials, v_expires_at, v_nullifiers
        from jsonb_array_elements(p_valid_stamps) with ordinality as e (stamp, i);
    exception
        when data_exception then
            raise exception 'invalid stamps' using
                errcode = 'SC003',
                detail = sqlerrm,
                hint = 'An expires_at is an existing date and time, as 2027-06-01T00:00:00Z.';
    end;

    -- The largest time that the answer, which has four digits for the year, can show.
    if '9999-12-31T23:59:59.999999Z' < any(v_expires_at) then
        raise exception 'invalid stamps' using
            errcode = 'SC003',
            detail = 'An expires_at is later than the year 9999.',
            hint = 'An expires_at is an existing date and time, as 2027-06-01T00:00:00Z.';
    end if;

    select
        count(*),
        min(s.i) filter (
            where jsonb_typeof(n.nullifier) <> 'string' or length(n.nullifier #>> '{}') not between 1 and 100
        )
    into v_nullifier_count, v_bad_stamp
    from unnest(v_nullifiers) with ordinality as s (nullifiers, i)
    cross join lateral jsonb_array_elements(s.nullifiers) as n (nullifier);

    if v_bad_stamp is not null then
        raise exception 'invalid stamps' using
            errcode = 'SC004',
            detail = format(
                'Stamp %s of p_valid_stamps: a nullifier is not a string of 1 to 100 characters.', v_bad_stamp
            ),
            hint = 'Pass the nullifiers that the issuer signed, as they are.';
    end if;

    if v_nullifier_count > v_max_nullifiers then
        raise exception 'too many stamps' using
            errcode = 'SC007',
            detail = format('p_valid_stamps has %s nullifiers.', v_nullifier_count),
            hint = format('Pass at most %s nullifiers in all.', v_max_nullifiers);
    end if;

    return score_checked_stamps(
        lower(p_address),
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

revoke execute on function scorer.score_passport(text, bigint, jsonb, boolean, timestamptz) from public;
grant execute on function scorer.score_passport(text, bigint, jsonb, boolean, timestamptz) to scorer_api, scorer_caller;
