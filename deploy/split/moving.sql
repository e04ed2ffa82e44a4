-- At the partition that a community moves away from, while it does: which rows are written, whoever's they are, and a
-- guard of every score, not of new passports alone. deploy.split.move makes the triggers.
create table if not exists split.changed (
    table_name text not null,
    id bigint not null
);

create or replace function split.record_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, split, pg_temp
as $function$
begin
    insert into split.changed (table_name, id) values (tg_argv[0], coalesce(new.id, old.id));
    return null;
end;
$function$;

create or replace function split.guard_score()
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

    return new;
end;
$function$;
