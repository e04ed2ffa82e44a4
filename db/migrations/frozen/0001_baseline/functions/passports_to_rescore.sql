create or replace function scorer.passports_to_rescore(
    p_scorer_id bigint,
    p_since timestamptz,
    p_expires_before timestamptz,
    p_after_id bigint,
    out asked_at timestamptz,
    out ids bigint[],
    out addresses text[],
    out scorer_ids bigint[],
    out last_id bigint,
    out ids_left bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $function$
/*
Gives passports that are to be scored again, in the order of their ids, some at a time. A call looks at 10,000 passports
at most.

Arguments
  p_scorer_id       the community's id; null for every community
  p_since           passports with a score of this time up to now are left out; null for none
  p_expires_before  only those whose score expires before; null for all
  p_after_id        passports with larger ids are looked at: 0, then last_id of the call before

Result
  asked_at    the time of this call
  ids, addresses, scorer_ids
              one element a passport each: its id, its wallet, and its community's id; null for none
  last_id     the last passport's id that was looked at; null where there is none: all have been
  ids_left    how many ids come after it at most

Errors
  SC002 unknown community
  55P03 when a lock is not had within 10 seconds

Locks: none.

It is planned as score_passport is.
*/
declare
    v_max_rows constant integer := 10000;
begin
    if p_scorer_id is not null and not exists (select from account_community as c where c.id = p_scorer_id) then
        raise exception 'unknown scorer' using
            errcode = 'SC002',
            detail = format('There is no community %s.', p_scorer_id),
            hint = 'Pass the id of a row of account_community.';
    end if;

    asked_at := now();

    -- A score is looked up by itself, by its passport: a join would read them all.
    with page as materialized (
        select p.id, p.address::text as address, p.community_id
        from registry_passport as p
        where p.id > p_after_id
        order by p.id
        limit v_max_rows
    ),

    due as (
        select p.id, p.address, p.community_id
        from page as p
        where
            case
                when p.address is null or p.community_id is null or p.community_id <> p_scorer_id then false
                else coalesce(
                    (
                        select
                            (s.last_score_timestamp between p_since and now()) is not true
                            and (p_expires_before is null or (s.expiration_date < p_expires_before) is true)
                        from registry_score as s
                        where s.passport_id = p.id
                    ),
                    p_expires_before is null
                )
            end
    )

    select
        (select max(p.id) from page as p),
        array_agg(d.id order by d.id),
        array_agg(d.address order by d.id),
        array_agg(d.community_id order by d.id)
    into last_id, ids, addresses, scorer_ids
    from due as d;

    ids_left := coalesce(
        (
            select p.id from registry_passport as p
            order by p.id desc
            limit 1
        ) - last_id,
        0
    );
end;
$function$;

revoke execute on function scorer.passports_to_rescore(bigint, timestamptz, timestamptz, bigint) from public;
grant execute on function scorer.passports_to_rescore(bigint, timestamptz, timestamptz, bigint) to scorer_admin;
