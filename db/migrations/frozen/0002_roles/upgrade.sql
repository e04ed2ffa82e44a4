-- Roles belong to the whole server, so another database of it may have made them already, even this instant.
do $block$
declare
    v_role text;
begin
    foreach v_role in array array['scorer_api', 'scorer_caller'] loop
        begin
            execute format('create role %I nologin', v_role);
        exception
            when duplicate_object or unique_violation then
                null;
        end;
    end loop;
end;
$block$;

grant usage on schema scorer to scorer_api, scorer_caller;
