create or replace function scorer.count_requests(
    p_api_key_id text,
    p_rate_limit text,
    p_count integer,
    out is_refused boolean,
    out rate_window integer[]
)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Counts requests of an API key to its rate limit, where all of them fit. A window begins with the first request after the
last one's end.

Arguments
  p_api_key_id  the key's row
  p_rate_limit  requests, a slash, and the period in seconds, minutes, hours or days: 125/15m, 10/s
  p_count       how many requests; 0 to see whether one more would fit, which locks nothing; below 0 to give so many
                back to the window that is under way, which is never refused

Result
  is_refused    whether they do not fit: then nothing was counted
  rate_window   how many requests a window has; its seconds; how many requests are left of it; in how many seconds it ends

Errors
  SC008 the limit is none

What was counted in a transaction that is rolled back was not counted.

Locks: the key's row in api_key_window, until the transaction ends. Whoever has it lets all other requests of the key
wait: take it last.
*/
declare
    v_parts constant text[] := regexp_match(p_rate_limit, '^([0-9]{1,9})/([1-9][0-9]{0,3})?([smhd])$');
    v_limit constant integer := v_parts[1]::integer;
    v_seconds constant integer := coalesce(v_parts[2], '1')::integer * case v_parts[3]
        when 's' then 1
        when 'm' then 60
        when 'h' then 3600
        when 'd' then 86400
    end;
    v_period constant interval := make_interval(secs => v_seconds);
    v_window_start timestamptz;
    v_used integer;
begin
    if v_parts is null then
        -- The id of a key may hold what the key is known by.
        raise exception 'misconfigured API key' using
            errcode = 'SC008',
            detail = (
                select format('Key %L of account %s has rate limit %L.', k.name, k.account_id, p_rate_limit)
                from account_apikey as k
                where k.id::text = p_api_key_id
            ),
            hint = 'In account_apikey, rate_limit is requests and period, such as 125/15m, or empty for no limit.';
    end if;

    if p_count > 0 then
        insert into api_key_window as w (api_key_id, window_start, used)
        select p_api_key_id, now(), p_count
        where p_count <= v_limit
        on conflict (api_key_id) do update set
            window_start = case
                when w.window_start + v_period <= now() then excluded.window_start else w.window_start
            end,
            used = case when w.window_start + v_period <= now() then 0 else w.used end + excluded.used
        where w.window_start + v_period <= now() or w.used + excluded.used <= v_limit
        returning w.window_start, w.used into v_window_start, v_used;
    end if;

    if p_count < 0 then
        update api_key_window as w
        set used = greatest(w.used + p_count, 0)
        where
            w.api_key_id = p_api_key_id
            and w.window_start + v_period > now()
            -- One that began while this waited for the row has counted nothing of it.
            and w.window_start <= now();
    end if;

    is_refused := v_used is null;

    if is_refused then
        select w.window_start, w.used
        into v_window_start, v_used
        from api_key_window as w
        where w.api_key_id = p_api_key_id and w.window_start + v_period > now();
    end if;

    if p_count <= 0 then
        is_refused := p_count = 0 and coalesce(v_used, 0) >= v_limit;
    end if;

    rate_window := array[
        v_limit,
        v_seconds,
        greatest(v_limit - coalesce(v_used, 0), 0),
        -- A request that began before the one that it waited for is told no more than the period.
        least(ceil(extract(epoch from coalesce(v_window_start, now()) + v_period - now())), v_seconds)
    ];
end;
$function$;

revoke execute on function scorer.count_requests(text, text, integer) from public;
