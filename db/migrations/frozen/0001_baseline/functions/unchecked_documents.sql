create or replace function scorer.unchecked_documents(
    p_verifier text,
    p_trusted_issuers text[],
    p_limit integer,
    p_look_back bigint,
    p_done bigint,
    out claim bigint,
    out documents text,
    out ids_left bigint
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
Gives documents that answer_request would ask to be checked, before any request does: of live credentials (neither
deleted nor revoked) of trusted issuers, not too large to have a digest, and not checked yet. The newest come first. They
are claimed for a minute: other callers are given others meanwhile, and get them only where p_done did not come.

It goes through the ids of ceramic_cache from the newest down, and knows from call to call which ones are left, for each
verifier and set of trusted issuers. Ids that are new are looked at next. A call reads at most 2,000 credentials, and
keeps their digests where the table of credentials does not: see keep_digests.

Arguments
  p_verifier         names what checks documents, in its version: checks of another are not known
  p_trusted_issuers  the DIDs whose credentials count
  p_limit            how many documents to give at most, up to 200; 0 gives none
  p_look_back        how many of the newest ids that were looked at to look at once more: what a transaction has
                     committed since, or what has changed, is found there; 0 for none
  p_done             the claim whose documents' checks are kept; null for none

Result
  claim      the claim of these documents; null where none are given
  documents  one a line, until they are p_limit, or 2 MiB or more; null for none
  ids_left   how many ids are left, claimed ones aside, with a credential or without: call again unless it is 0

Errors: 55P03 when a lock is not had within 10 seconds.

Locks: the row of check_ahead_progress, which calls for the same verifier and issuers wait for; rows of
check_ahead_claim; those of keep_digests. None that a request waits for.

It is planned as score_passport is.
*/
declare
    v_max_rows constant integer := 2000;
    v_max_documents constant integer := 200;
    v_max_bytes constant integer := 2097152;
    v_lease constant interval := interval '1 minute';

    v_issuers constant text := encode(
        sha256(
            convert_to(
                (
                    select coalesce(string_agg(i.issuer, E'\n' order by i.issuer collate "C"), '')
                    from unnest(p_trusted_issuers) as i (issuer)
                ),
                'UTF8'
            )
        ),
        'hex'
    );
    v_progress_id bigint;
    v_seen_id bigint;
    v_left_ids int8multirange;
    v_ended_ids int8multirange;
    v_claimed_ids int8multirange;
    v_first_id bigint;
    v_last_id bigint;
    v_from_id bigint;
    -- The newest ids that are left, and those of them that this call looks at.
    v_ids int8range;
    v_lowest_id bigint;
    v_found bigint;
    v_given bigint;
begin
    if not exists (
        select from check_ahead_progress as p
        where p.verifier = p_verifier and p.trusted_issuers = v_issuers
    ) then
        insert into check_ahead_progress (verifier, trusted_issuers)
        values (p_verifier, v_issuers)
        on conflict (verifier, trusted_issuers) do nothing;
    end if;

    select p.id, p.seen_id, p.left_ids
    into v_progress_id, v_seen_id, v_left_ids
    from check_ahead_progress as p
    where p.verifier = p_verifier and p.trusted_issuers = v_issuers
    for update;

    -- What was claimed and never done, by a caller that is gone, is left again.
    with ended as (
        delete from check_ahead_claim as c
        where c.progress_id = v_progress_id and (c.id = p_done or c.claimed_at < now() - v_lease)
        returning c.id, c.ids
    )
    select coalesce(range_agg(e.ids) filter (where e.id is distinct from p_done), int8multirange())
    into v_ended_ids
    from ended as e;

    select coalesce(range_agg(c.ids), int8multirange())
    into v_claimed_ids
    from check_ahead_claim as c
    where c.progress_id = v_progress_id;

    -- New ids, and those to be looked at once more.
    select c.id into v_first_id from ceramic_cache as c
    order by c.id
    limit 1;
    select c.id into v_last_id from ceramic_cache as c
    order by c.id desc
    limit 1;
    v_from_id := greatest(v_seen_id - p_look_back, v_first_id - 1);
    v_left_ids := v_left_ids + v_ended_ids;
    if v_last_id > v_from_id then
        v_left_ids := v_left_ids + int8multirange(int8range(v_from_id, v_last_id, '(]')) - v_claimed_ids;
    end if;

    select i.ids
    into v_ids
    from unnest(v_left_ids) as i (ids)
    order by i.ids desc
    limit 1;

    if v_ids is not null and p_limit > 0 then
        perform keep_digests(v_ids);

        -- Revocations and checks are looked up one by one: a join would read them all. What is known of a credential
        -- without its document decides first.
        with found as materialized (
            select w.id, w.digest, w.stamp
            from (
                select
                    c.id,
                    c.stamp,
                    case
                        when
                            c.deleted_at is null
                            and (
                                select r.id from ceramic_cache_revocation as r
                                where r.ceramic_cache_id = c.id
                            ) is null
                            then c.digest
                    end as digest
                from ceramic_cache as c
                where c.id >= lower(v_ids) and c.id < upper(v_ids)
                order by c.id desc
                limit v_max_rows
            ) as w
            where
                case
                    when w.digest is null then false
                    when
                        (
                            select k.digest from credential_check as k
                            where k.digest = w.digest and k.verifier = p_verifier
                        ) is not null
                        then false
                    else coalesce(w.stamp ->> 'issuer' = any(p_trusted_issuers), false)
                end
            order by w.id desc
            limit least(p_limit, v_max_documents)
        ),

        -- A document that several credentials hold is given once.
        given as (
            select t.id, t.digest, t.document
            from (
                select u.id, u.digest, u.document, sum(octet_length(u.document)) over (order by u.id desc) as bytes
                from (select f.id, f.digest, f.stamp::text as document from found as f) as u
            ) as t
            where t.bytes - octet_length(t.document) < v_max_bytes
        )

        select
            (select count(*) from found),
            count(*),
            min(g.id),
            (
                select string_agg(d.document, E'\n' order by d.id desc)
                from (select distinct on (o.digest) o.id, o.document from given as o order by o.digest, o.id desc) as d
            )
        into v_found, v_given, v_lowest_id, documents
        from given as g;

        -- Where they were not cut off, all that may be read in one call has been looked at.
        if v_found < least(p_limit, v_max_documents) and v_given = v_found then
            select c.id
            into v_lowest_id
            from ceramic_cache as c
            where c.id >= lower(v_ids) and c.id < upper(v_ids)
            order by c.id desc
            offset v_max_rows - 1
            limit 1;
        end if;
        v_ids := v_ids * int8range(v_lowest_id, null);
        v_left_ids := v_left_ids - int8multirange(v_ids);

        if documents is not null then
            insert into check_ahead_claim (progress_id, ids)
            values (v_progress_id, v_ids)
            returning id into claim;
        end if;
    end if;

    update check_ahead_progress as p
    set seen_id = coalesce(v_last_id, 0), left_ids = v_left_ids
    where p.id = v_progress_id;

    ids_left := (
        select coalesce(sum(upper(i.ids) - lower(i.ids)), 0)::bigint
        from unnest(v_left_ids) as i (ids)
    );
end;
$function$;

revoke execute on function scorer.unchecked_documents(text, text[], integer, bigint, bigint) from public;
grant execute on function scorer.unchecked_documents(text, text[], integer, bigint, bigint) to scorer_checker;
