create or replace function scorer.answer_history(
    p_key_prefix text,
    p_key_hash text,
    p_legacy_key_hash text,
    p_scorer_id numeric,
    p_address text,
    p_created_at timestamptz,
    out outcome text,
    out legacy_parameters text,
    out answer jsonb,
    out account_id bigint,
    out api_key_id text,
    out rate_window integer[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $function$
/*
What a wallet's score was at a time: the newest SCORE_UPDATE event not later than it, as a score is answered.

Arguments
  p_key_prefix, p_key_hash, p_legacy_key_hash  as authenticate_api_key takes them
  p_scorer_id   as community_of takes it
  p_address     the wallet, in lower case; null for what is none
  p_created_at  the time; null for what is none

Result
  outcome            'found', or why not: 'invalid_key', 'legacy_key', 'rate_limited', 'unknown_scorer' as
                     answer_request gives them; 'forbidden' (the key may not ask for past scores), 'invalid_address',
                     'invalid_time', 'no_score'
  legacy_parameters  with 'legacy_key'
  answer             with 'found', as score_passport gives it: score and threshold as the event's evidence has them,
                     stamps and times as the event has them, null where it has none
  account_id, api_key_id, rate_window
                     as authenticate_api_key gives them

Errors: those of authenticate_api_key.

Locks: those of authenticate_api_key.

It is planned as score_passport is, and with the one event taken from the end of an index: never by a sort of all that
the wallet has.
*/
declare
    v_community_id bigint;
    v_score numeric;
    v_threshold numeric;
    v_fields jsonb;
    -- What a number is in an event of any age.
    v_number constant text := '^[-+]?(?:[0-9]{1,30}(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]{1,2})?$';
begin
    select
        case
            when a.account_id is null then case when a.legacy_parameters is null then 'invalid_key' else 'legacy_key' end
            when a.is_refused then 'rate_limited'
            when not a.historical_endpoint then 'forbidden'
        end,
        a.legacy_parameters,
        a.account_id,
        a.api_key_id,
        a.rate_window
    into outcome, legacy_parameters, account_id, api_key_id, rate_window
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash, 1) as a;

    if outcome is not null then
        return;
    end if;

    v_community_id := community_of(account_id, p_scorer_id);

    if v_community_id is null then
        outcome := 'unknown_scorer';
        return;
    end if;

    if p_address is null then
        outcome := 'invalid_address';
        return;
    end if;

    if p_created_at is null then
        outcome := 'invalid_time';
        return;
    end if;

    select coalesce(nullif(e.data -> 'fields', 'null'), e.data)
    into v_fields
    from score_update as e
    where
        e.address = p_address
        and e.community_id = v_community_id
        and e.created_at <= p_created_at
    order by e.created_at desc
    limit 1;

    if not found then
        outcome := 'no_score';
        return;
    end if;

    v_score := substring(coalesce(v_fields #>> '{evidence,rawScore}', v_fields ->> 'score') from v_number)::numeric;
    v_threshold := substring(v_fields #>> '{evidence,threshold}' from v_number)::numeric;
    outcome := 'found';
    answer := jsonb_build_object(
        'address', p_address,
        'score', five_decimals(coalesce(v_score, 0)),
        -- An event without evidence names no threshold.
        'passing_score', coalesce(v_score >= v_threshold, v_score > 0, false),
        'last_score_timestamp', v_fields -> 'last_score_timestamp',
        'expiration_timestamp', v_fields -> 'expiration_date',
        'threshold', five_decimals(coalesce(v_threshold, 0)),
        'error', v_fields -> 'error',
        'stamps', v_fields -> 'stamps',
        'points_data', null,
        'possible_points_data', null,
        'linked_score', null
    );
end;
$function$;

revoke execute on function scorer.answer_history(text, text, text, numeric, text, timestamptz) from public;
grant execute on function scorer.answer_history(text, text, text, numeric, text, timestamptz) to scorer_api;
