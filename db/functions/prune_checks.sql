create or replace function scorer.prune_checks(
    p_verifier text,
    p_limit integer,
    out looked_at bigint,
    out removed bigint
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
set jit = off
as $function$
/*
Removes checks that hardly anybody will ask for again, some at a time. It goes through credential_check by its primary
key and knows from call to call how far it has come; at the end it begins anew.

A check goes when
  - its document does not count, for a fault or since it has expired, and it was made 90 days ago: a wallet that is still
    asked for has it made again, once in 90 days;
  - its document is gone: the wallet that it names has no such credential any more, as one that was renewed in its place;
  - it is another verifier's, and the verifier has checked the document for 30 days.
None that is younger than a day is looked at.

Arguments
  p_verifier  names what checks documents now, in its version
  p_limit     how many checks to look at, up to 10,000

Result
  looked_at  how many it has looked at; less than p_limit at the end
  removed    how many of them are gone

Errors: none; where another call is under way it does nothing.

Locks: the row of check_sweep, and of the checks that go those that nobody has locked. A request waits for none of them.

It is planned as score_passport is.
*/
declare
    v_subject constant text := 'did:pkh:eip155:1:';
    v_after bytea;
    v_last bytea;
begin
    looked_at := 0;
    removed := 0;

    select s.digest
    into v_after
    from check_sweep as s
    where s.id = 1
    for update skip locked;

    if not found then
        return;
    end if;

    -- Of a credential and of the verifier's own check there is one lookup each: a join would read them all.
    with seen as materialized (
        select k.digest, k.verifier, k.fault, k.subject, k.expires_at, k.checked_at
        from credential_check as k
        where k.digest > v_after
        order by k.digest, k.verifier
        limit least(p_limit, 10000)
    ),

    unneeded as materialized (
        select s.digest, s.verifier
        from seen as s
        where
            s.checked_at < now() - interval '1 day'
            and (
                s.checked_at < now() - interval '90 days' and (s.fault is not null or s.expires_at < now())
                or s.fault is null and (
                    select c.id from ceramic_cache as c
                    where
                        c.address = substr(s.subject, length(v_subject) + 1)
                        and c.deleted_at is null
                        and c.digest = s.digest
                    limit 1
                ) is null
                or s.verifier <> p_verifier and (
                    select n.checked_at from credential_check as n
                    where n.digest = s.digest and n.verifier = p_verifier
                ) < now() - interval '30 days'
            )
    ),

    gone as (
        delete from credential_check as k
        where
            k.ctid = any(
                array(
                    select (
                        select l.ctid from credential_check as l
                        where l.digest = u.digest and l.verifier = u.verifier
                        for update skip locked
                    )
                    from unneeded as u
                )
            )
        returning k.digest
    )

    select
        (select count(*) from seen),
        (select count(*) from gone),
        (select s.digest from seen as s order by s.digest desc limit 1)
    into looked_at, removed, v_last;

    update check_sweep as s
    set digest = case when looked_at < least(p_limit, 10000) then '' else v_last end
    where s.id = 1;
end;
$function$;

revoke execute on function scorer.prune_checks(text, integer) from public;
grant execute on function scorer.prune_checks(text, integer) to scorer_admin, scorer_checker;
