create or replace function scorer.rescore_wallet(
    p_address text,
    p_scorer_id bigint,
    p_since timestamptz,
    p_trusted_issuers text[],
    p_verifier text,
    p_checks jsonb,
    p_human_points_enabled boolean,
    p_human_points_start timestamptz,
    p_dry_run boolean,
    out outcome text,
    out unchecked text,
    out answer jsonb,
    out was_passing boolean
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
Scores a passport again, as a request of the service for it would: after the weights have changed, say. A passport that
is not there is not made.

Arguments
  p_address    the wallet, in lower case
  p_scorer_id  the community's id
  p_since      a passport with a score of this time up to now is left as it is; null scores any
  p_trusted_issuers, p_verifier, p_checks, p_human_points_enabled, p_human_points_start
               as answer_request takes them
  p_dry_run    true gives the answer, and leaves all but the checks as it is

Result
  outcome      'scored', or why not: 'no_passport', 'scored_since', and those of score_wallet
  unchecked    as answer_request gives it
  answer       with 'scored', as score_passport gives it; with 'scored_since', of that what the score holds
  was_passing  whether the score before was a passing one; null where there was none

Errors: those of score_wallet; 55P03 when a lock is not had within 10 seconds.

Locks: those of score_wallet, in its order.

The commit is not waited for: after a crash of the server the last scores may be those before, and are to be made again.

It is planned as score_passport is.
*/
declare
    v_passport_id bigint;
    v_score registry_score;
begin
    perform set_config('synchronous_commit', 'off', true);

    -- Before the passport is locked, as in a request.
    if p_checks <> '[]' then
        perform keep_checks(p_verifier, p_checks);
    end if;

    -- As score_wallet locks it. Who has the row is not removed meanwhile.
    perform pg_advisory_xact_lock(hashtextextended(format('passport %s %s', p_address, p_scorer_id), 0));

    select p.id
    into v_passport_id
    from registry_passport as p
    where p.address = p_address and p.community_id = p_scorer_id
    for no key update;

    if not found then
        outcome := 'no_passport';
        return;
    end if;

    select s.*
    into v_score
    from registry_score as s
    where s.passport_id = v_passport_id;
    was_passing := v_score.score = 1;

    -- One of a later time than now is of a clock that was wrong.
    if v_score.last_score_timestamp between p_since and clock_timestamp() then
        outcome := 'scored_since';
        answer := jsonb_build_object(
            'score', five_decimals((v_score.evidence ->> 'rawScore')::numeric),
            'passing_score', was_passing,
            'last_score_timestamp', iso_timestamp(v_score.last_score_timestamp),
            'expiration_timestamp', iso_timestamp(v_score.expiration_date),
            'stamps', v_score.stamps
        );
        return;
    end if;

    if not p_dry_run then
        select w.outcome, w.unchecked, w.answer
        into outcome, unchecked, answer
        from score_wallet(
            p_address, p_scorer_id, p_trusted_issuers, p_verifier, '[]', p_human_points_enabled, p_human_points_start
        ) as w;
        return;
    end if;

    -- What the block has written is undone by its error; what it has found out stays.
    begin
        select w.outcome, w.unchecked, w.answer
        into outcome, unchecked, answer
        from score_wallet(
            p_address, p_scorer_id, p_trusted_issuers, p_verifier, '[]', p_human_points_enabled, p_human_points_start
        ) as w;
        raise exception 'dry run' using errcode = 'DR001';
    exception
        when sqlstate 'DR001' then
            null;
    end;
end;
$function$;

revoke execute on function scorer.rescore_wallet(
    text, bigint, timestamptz, text[], text, jsonb, boolean, timestamptz, boolean
) from public;
grant execute on function scorer.rescore_wallet(
    text, bigint, timestamptz, text[], text, jsonb, boolean, timestamptz, boolean
) to scorer_admin;
