-- What each partition knows of the split: where communities live, and a guard that keeps any other community from
-- being scored here.
create schema split;
grant usage on schema split to scorer_owner;

-- A community that is not named lives in partition 0, the home.
create table split.community_home (
    community_id bigint primary key,
    partition integer not null
);

-- The home's number; deploy.split.install gives the others theirs.
create function split.this_partition()
returns integer
language sql
immutable
return 0;

create function split.partition_of(p_community_id bigint)
returns integer
language sql
stable
return coalesce(
    (
        select h.partition from split.community_home as h
        where h.community_id = p_community_id
    ),
    0
);

-- Refuses a community that lives elsewhere. Whoever moves it takes the lock for itself: what a transaction writes
-- after this is written before the move, or not at all.
create function split.check_home(p_community_id bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, split, pg_temp
as $function$
declare
    v_partition integer;
begin
    perform pg_advisory_xact_lock_shared(hashtextextended(format('community %s', p_community_id), 0));

    -- As partition_of says it, by a plan that the session keeps.
    select h.partition
    into v_partition
    from split.community_home as h
    where h.community_id = p_community_id;

    if coalesce(v_partition, 0) <> split.this_partition() then
        raise exception 'community lives in another partition' using
            errcode = 'serialization_failure',
            detail = format(
                'Community %s lives in partition %s, this is %s.',
                p_community_id, coalesce(v_partition, 0), split.this_partition()
            ),
            hint = 'Call the front database, again where it was the front that called.';
    end if;

    -- What these have seen may be older than the lock. Where the row has been made or changed since, they fail.
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        insert into split.community_home (community_id, partition)
        values (p_community_id, split.this_partition())
        on conflict (community_id) do nothing;

        perform from split.community_home as h
        where h.community_id = p_community_id
        for share;
    end if;
end;
$function$;

-- Whoever scores a passport writes its score.
create function split.guard_home()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, split, pg_temp
as $function$
begin
    perform split.check_home(p.community_id)
    from scorer.registry_passport as p
    where p.id = new.passport_id;

    return null;
end;
$function$;

create trigger guard_home
after insert or update on scorer.registry_score
for each row
execute function split.guard_home();

-- Communities with human points are counted in the home alone.
create function split.guard_human_points()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, split, pg_temp
as $function$
begin
    if split.partition_of(new.id) <> 0 then
        raise exception 'human points are counted in partition 0 alone' using
            errcode = 'check_violation',
            detail = format('Community %s lives in partition %s.', new.id, split.partition_of(new.id)),
            hint = 'Move the community to partition 0 first.';
    end if;

    return new;
end;
$function$;

create trigger guard_human_points
before insert or update of human_points_program on scorer.account_community
for each row
when (new.human_points_program)
execute function split.guard_human_points();
