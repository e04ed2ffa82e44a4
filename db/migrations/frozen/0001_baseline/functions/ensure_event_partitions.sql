create or replace function scorer.ensure_event_partitions(p_months integer, p_from timestamptz default now())
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '10s'
as $function$
/*
Makes the partitions of registry_event for a month and those that follow it; what is there already stays. Months begin
by UTC. The first partition of all takes what is older than its month, too.

Arguments
  p_months  how many months to make after that of p_from, up to 120
  p_from    a time in the first of them

Result: how many months after the present one there are now, without a gap; null where the table is another service's, or
has not been partitioned: there is nothing to make there.

Errors
  SC104 more months, or a time without a month
  55P03 when a lock is not had within 10 seconds
  42P07 where a month was taken out and its table is still there

Locks, where something is to be made: the making of months (transaction-level advisory lock), then registry_event, which
keeps nobody from reading and writing it (share update exclusive). A request that makes its month takes them after its
hash links.
*/
declare
    v_first constant timestamptz := date_trunc('month', p_from);
    v_last timestamptz;
    v_month timestamptz;
    v_partition text;
    v_since text;
    v_until timestamptz := date_trunc('month', now());
    v_bound record;
begin
    if to_regclass('scorer.registry_event_ids') is null then
        return null;
    end if;

    if p_months between 0 and 120 is not true or isfinite(p_from) is not true then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = 'That is no number of months from 0 to 120 after a time.',
            hint = 'Pass how many months to make, and a time in the first of them or none.';
    end if;

    v_last := v_first + make_interval(months => p_months);

    -- Each is looked for: a clock that was once wrong has left a month far from the others.
    if exists (
        select from generate_series(v_first, v_last, interval '1 month') as m (month)
        where not exists (
            select from event_partitions() as e
            where e.attached and e.since <= m.month and e.until > m.month
        )
    ) then
        -- Whoever waited here finds what the other one has made.
        perform pg_advisory_xact_lock(hashtextextended('months of registry_event', 0));

        for v_month in select m.month from generate_series(v_first, v_last, interval '1 month') as m (month) loop
            continue when exists (
                select from event_partitions() as e
                where e.attached and e.since <= v_month and e.until > v_month
            );

            v_partition := 'registry_event_' || to_char(v_month, 'YYYY_MM');
            v_since := case
                when exists (select from event_partitions() as e where e.attached) then quote_literal(v_month)
                else 'minvalue'
            end;
            -- Made by itself and attached: "partition of" would lock everybody out of the table.
            execute format('create table scorer.%I (like scorer.registry_event including all)', v_partition);
            execute format(
                'alter table scorer.registry_event attach partition scorer.%I for values from (%s) to (%L)',
                v_partition, v_since, v_month + interval '1 month'
            );
        end loop;
    end if;

    for v_bound in select e.since, e.until from event_partitions() as e where e.attached order by e.since loop
        if v_bound.since <= v_until and v_bound.until > v_until then
            v_until := v_bound.until;
        end if;
    end loop;

    return (
        12 * (extract(year from v_until) - extract(year from now()))
        + extract(month from v_until) - extract(month from now()) - 1
    )::integer;
end;
$function$;

revoke execute on function scorer.ensure_event_partitions(integer, timestamptz) from public;
grant execute on function scorer.ensure_event_partitions(integer, timestamptz) to scorer_admin, scorer_checker;
