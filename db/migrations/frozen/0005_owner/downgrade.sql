reset role;

reassign owned by scorer_owner to session_user;

-- A role that another database of the server still needs, or that somebody else made, stays.
do $block$
begin
    drop role scorer_owner;
exception
    when dependent_objects_still_exist or insufficient_privilege then
        null;
end;
$block$;
