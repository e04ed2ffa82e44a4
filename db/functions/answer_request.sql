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
    p_count integer default 1,
    p_lock_timeout integer default null,
    out outcome text,
    out legacy_parameters text,
    out unchecked text,
    out left_out jsonb,
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
  p_count                 1, or 0 where this request has been counted to the key's rate limit already
  p_lock_timeout          the milliseconds to wait for a lock, where they are not to be ten seconds

Result
  outcome            'scored', or why not: 'invalid_key', 'legacy_key' (derive p_legacy_key_hash from
                     legacy_parameters and call again), 'rate_limited', 'unknown_scorer' (also when it is another
                     account's), 'invalid_address', 'too_many_credentials' (more than 1,000, or more than 10,000 nullifiers),
                     'unchecked' (check the documents and call again)
  legacy_parameters  with 'legacy_key'
  unchecked          with 'unchecked', documents of trusted issuers of which nothing is known, one a line: of the
                     oldest credentials, until they are 200, or 2 MiB or more
  left_out           with 'scored', array of [provider, reason] of the credentials that did not count, or null
  answer             with 'scored', as score_passport gives it
  account_id, api_key_id, rate_window
                     whose request it is, and what is left of the key's rate limit, as authenticate_api_key gives them

Errors: those of authenticate_api_key, score_wallet and count_requests; 40001 when others used the rate limit up
meanwhile.

Locks, in this order: those of authenticate_api_key; those of score_wallet; those of count_requests. A key's requests wait
for each other only while they end, so that one that waits for a passport holds up no other.

It is planned as score_passport is.
*/
declare
    v_community_id bigint;
    v_rate_limit text;
    v_is_refused boolean;
begin
    if p_lock_timeout is not null then
        perform set_config('lock_timeout', p_lock_timeout::text, true);
    end if;

    select
        case
            when a.account_id is null then case when a.legacy_parameters is null then 'invalid_key' else 'legacy_key' end
        end,
        a.legacy_parameters,
        a.account_id,
        a.api_key_id,
        case when p_count > 0 then a.rate_limit end
    into outcome, legacy_parameters, account_id, api_key_id, v_rate_limit
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash, 0) as a;

    if outcome is not null then
        return;
    end if;

    if v_rate_limit is not null then
        select case when c.is_refused then 'rate_limited' end, c.rate_window
        into outcome, rate_window
        from count_requests(api_key_id, v_rate_limit, 0) as c;

        if outcome is not null then
            return;
        end if;
    end if;

    v_community_id := community_of(account_id, p_scorer_id);

    if v_community_id is null then
        outcome := 'unknown_scorer';
    elsif p_address is null then
        outcome := 'invalid_address';
    else
        select w.outcome, w.unchecked, w.left_out, w.answer
        into outcome, unchecked, left_out, answer
        from score_wallet(
            p_address,
            v_community_id,
            p_trusted_issuers,
            p_verifier,
            p_checks,
            p_human_points_enabled,
            p_human_points_start
        ) as w;
    end if;

    if v_rate_limit is not null then
        select c.is_refused, c.rate_window
        into v_is_refused, rate_window
        from count_requests(api_key_id, v_rate_limit, p_count) as c;

        if v_is_refused then
            raise exception 'rate limit used up meanwhile' using
                errcode = 'serialization_failure',
                hint = 'Try again, to be told when there is more of it.';
        end if;
    end if;
end;
$function$;

revoke execute on function scorer.answer_request(
    text, text, text, numeric, text, text[], text, jsonb, boolean, timestamptz, integer, integer
) from public;
grant execute on function scorer.answer_request(
    text, text, text, numeric, text, text[], text, jsonb, boolean, timestamptz, integer, integer
) to scorer_api;
