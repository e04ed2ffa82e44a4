-- At the partition that a community moves away from, while it does: which of its rows are written. What is recorded is
-- written before the move, or not at all, whoever writes it. deploy.split.move makes the triggers.
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
declare
    v_table_name constant text := tg_argv[0];
    v_community_id constant bigint := tg_argv[1];
    v_row record;
begin
    if tg_op = 'DELETE' then
        v_row := old;
    else
        v_row := new;
    end if;

    -- What has no passport any more has gone with it.
    if v_table_name in ('registry_stamp', 'registry_score') then
        if exists (
            select from scorer.registry_passport as p
            where p.id = v_row.passport_id and p.community_id <> v_community_id
        ) then
            return null;
        end if;
    elsif v_row.community_id is distinct from v_community_id then
        return null;
    end if;

    perform split.check_home(v_community_id);

    insert into split.changed (table_name, id) values (v_table_name, v_row.id);
    return null;
end;
$function$;
