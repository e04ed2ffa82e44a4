create or replace function scorer.admit_batch(
    p_key_prefix text,
    p_key_hash text,
    p_legacy_key_hash text,
    p_scorer_id numeric,
    p_count integer,
    out outcome text,
    out legacy_parameters text,
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
set jit = off
as $function$
/*
Whether a request for the scores of several wallets may be answered, and counts it. Each wallet is then answered by
answer_request, which counts nothing more.

Arguments
  p_key_prefix, p_key_hash, p_legacy_key_hash  as authenticate_api_key takes them
  p_scorer_id  as community_of takes it
  p_count      the number of wallets; below 0 that of those that were counted and not reached, to give them back: then a
               lock is waited for no longer than a second

Result
  outcome            'admitted', or why not: 'invalid_key', 'legacy_key', 'rate_limited', 'unknown_scorer', as
                     answer_request gives them
  legacy_parameters  with 'legacy_key'
  account_id, api_key_id, rate_window
                     as authenticate_api_key gives them

Errors: those of authenticate_api_key.

Locks: those of authenticate_api_key.

It is planned as score_passport is.
*/
begin
    if p_count < 0 then
        perform set_config('lock_timeout', '1s', true);
    end if;

    select
        case
            when a.account_id is null then case when a.legacy_parameters is null then 'invalid_key' else 'legacy_key' end
            when a.is_refused then 'rate_limited'
        end,
        a.legacy_parameters,
        a.account_id,
        a.api_key_id,
        a.rate_window
    into outcome, legacy_parameters, account_id, api_key_id, rate_window
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash, p_count) as a;

    if outcome is not null then
        return;
    end if;

    outcome := case when community_of(account_id, p_scorer_id) is null then 'unknown_scorer' else 'admitted' end;
end;
$function$;

revoke execute on function scorer.admit_batch(text, text, text, numeric, integer) from public;
grant execute on function scorer.admit_batch(text, text, text, numeric, integer) to scorer_api;
