revoke usage on schema scorer from scorer_api, scorer_caller;

-- A role that another database of the server still grants something to stays.
do $block$
declare
    v_role text;
begin
    foreach v_role in array array['scorer_api', 'scorer_caller'] loop
        begin
            execute format('drop role %I', v_role);
        exception
            when dependent_objects_still_exist or undefined_object then
                null;
        end;
    end loop;
end;
$block$;
