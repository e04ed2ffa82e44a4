create or replace function scorer.event_partitions(
    out partition text,
    out since timestamptz,
    out until timestamptz,
    out attached boolean
)
returns setof record
language sql
stable
security invoker
set search_path = pg_catalog, scorer, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $function$
/*
The months that registry_event has, the oldest first.

Arguments: none.

Result, a row a month
  partition  its table
  since      when it begins; the first one begins at -infinity
  until      when it ends, which is no longer in it
  attached   false while it is being taken out, and afterwards, until its table is dropped; since is null then

Nothing where the table is another service's, or has not been partitioned.

Errors: none.
*/
    select
        c.relname::text as partition,
        coalesce(
            substring(pg_get_expr(c.relpartbound, c.oid) from $$FROM \('([^']+)'\)$$)::timestamptz, '-infinity'
        ) as since,
        substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \('([^']+)'\)$$)::timestamptz as until,
        true as attached
    from pg_inherits as i
    inner join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = to_regclass('registry_event') and not i.inhdetachpending

    union all

    select
        c.relname::text,
        null,
        to_timestamp(right(c.relname, 7), 'YYYY_MM') + interval '1 month',
        false
    from pg_class as c
    where
        c.relnamespace = 'scorer'::regnamespace
        and c.relkind = 'r'
        and c.relname ~ '^registry_event_\d{4}_\d{2}$'
        and not exists (select from pg_inherits as i where i.inhrelid = c.oid and not i.inhdetachpending)
    order by until
$function$;

revoke execute on function scorer.event_partitions() from public;
grant execute on function scorer.event_partitions() to scorer_admin;
