create or replace function scorer.keep_digests(p_ids int8range)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $function$
/*
Keeps the digests of live credentials, so that no request has to make them from the documents. Where the table of
credentials is ours it keeps them itself, and nothing is done.

Arguments
  p_ids  ids of credentials, with bounds; of the newest 2,000 credentials among them the digests are kept

Result: how many digests are new.

Errors: 55P03 when a lock is not had within 10 seconds.

Locks: rows of credential_digest, the newest first. None that a request waits for.

A document and the version of its row are read at once, so that they belong together whatever others write.

It is planned as score_passport is.
*/
declare
    v_max_rows constant integer := 2000;
    v_kept bigint;
begin
    if (select r.relkind from pg_class as r where r.oid = 'ceramic_cache'::regclass) <> 'v' then
        return 0::bigint;
    end if;

    insert into credential_digest (ceramic_cache_id, row_xmin, row_ctid, digest)
    select w.id, w.row_xmin, w.row_ctid, w.digest
    from (
        -- Without an offset the digest would be made once for each place where it stands.
        select n.id, n.row_xmin, n.row_ctid, n.digest
        from (
            select c.id, c.xmin as row_xmin, c.ctid as row_ctid, c.deleted_at, c.digest
            from ceramic_cache as c
            where c.id >= lower(p_ids) and c.id < upper(p_ids)
            order by c.id desc
            limit v_max_rows
        ) as n
        where
            n.deleted_at is null
            and (
                select d.ceramic_cache_id from credential_digest as d
                where d.ceramic_cache_id = n.id and d.row_xmin = n.row_xmin and d.row_ctid = n.row_ctid
            ) is null
        offset 0
    ) as w
    where w.digest is not null
    order by w.id desc
    on conflict (ceramic_cache_id) do update
        set row_xmin = excluded.row_xmin, row_ctid = excluded.row_ctid, digest = excluded.digest;
    get diagnostics v_kept = row_count;
    return v_kept;
end;
$function$;

revoke execute on function scorer.keep_digests(int8range) from public;
