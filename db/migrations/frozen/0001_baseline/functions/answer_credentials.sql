create or replace function scorer.answer_credentials(
    p_key_prefix text,
    p_key_hash text,
    p_legacy_key_hash text,
    p_address text,
    p_limit integer,
    p_older_than bigint,
    p_newer_than bigint,
    p_max_bytes integer,
    out outcome text,
    out legacy_parameters text,
    out items text,
    out next_id bigint,
    out prev_id bigint,
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
The live credentials of a wallet, a page of them, newest first: by their ids.

Arguments
  p_key_prefix, p_key_hash, p_legacy_key_hash  as authenticate_api_key takes them
  p_address     the wallet, in lower case; null where there is nothing to list, but a key to be checked
  p_limit       how many at most, from 1
  p_older_than  only those older than the credential of this id, the newest of them; null for all
  p_newer_than  only those newer than the credential of this id, the oldest of them; null for all
  p_max_bytes   the page ends before it has more; it has one credential in any case

Result
  outcome            'listed', or why not: 'invalid_key', 'legacy_key', 'rate_limited', as answer_request gives them;
                     'invalid_address'
  legacy_parameters  with 'legacy_key'
  items              with 'listed', JSON array of {"version": "1.0.0", "credential": the document}
  next_id            p_older_than of the next page, null on the last one
  prev_id            p_newer_than of the page before, null on the first one
  account_id, api_key_id, rate_window
                     as authenticate_api_key gives them

Errors: those of authenticate_api_key.

Locks: those of authenticate_api_key.

It is planned as score_passport is.
*/
declare
    v_live bigint[];
    v_page bigint[];
begin
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
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash, 1) as a;

    if outcome is not null then
        return;
    end if;

    if p_address is null then
        outcome := 'invalid_address';
        return;
    end if;

    -- By the address alone. A sort by id in the same statement could have the planner read all wallets' credentials in
    -- the order of their ids.
    v_live := array(
        select c.id from ceramic_cache as c
        where
            c.address = p_address
            and c.deleted_at is null
            and (select r.id from ceramic_cache_revocation as r where r.ceramic_cache_id = c.id) is null
    );

    v_page := array(
        select l.id from unnest(v_live) as l (id)
        where (p_older_than is null or l.id < p_older_than) and (p_newer_than is null or l.id > p_newer_than)
        order by case when p_newer_than is null then -l.id else l.id end
        limit p_limit
    );

    outcome := 'listed';

    select
        format('[%s]', string_agg(p.item, ', ' order by p.id desc)),
        case when min(p.id) > any(v_live) then min(p.id) end,
        case when max(p.id) < any(v_live) then max(p.id) end
    into items, next_id, prev_id
    from (
        select
            d.id,
            d.item,
            d.i,
            sum(octet_length(d.item) + 2) over (order by d.i) as bytes
        from (
            select
                c.id,
                format('{"version": "1.0.0", "credential": %s}', c.stamp) as item,
                array_position(v_page, c.id) as i
            from ceramic_cache as c
            where c.id = any(v_page)
            -- Without it the text would be made once for each place where it stands.
            offset 0
        ) as d
    ) as p
    where p.bytes <= p_max_bytes or p.i = 1;
end;
$function$;

revoke execute on function scorer.answer_credentials(
    text, text, text, text, integer, bigint, bigint, integer
) from public;
grant execute on function scorer.answer_credentials(
    text, text, text, text, integer, bigint, bigint, integer
) to scorer_api;
