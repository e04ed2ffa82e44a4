drop table scorer.credential_digest;
drop table scorer.api_key_window;
drop table scorer.check_ahead_claim;
drop table scorer.check_ahead_progress;
drop table scorer.check_sweep;
drop table scorer.api_key_rotation;
drop table scorer.api_key_use;
drop table scorer.credential_check;
drop table scorer.human_points_bonusaward;
drop table scorer.human_points_stampaction;
drop table scorer.human_points_wallet;
drop type scorer.stored_credential;

revoke usage on schema scorer from scorer_admin, scorer_api, scorer_caller, scorer_checker;

reset role;

alter schema scorer owner to session_user;
alter table scorer.alembic_version owner to session_user;

-- A role that another database of the server still needs, or that somebody else made, stays.
do $block$
declare
    v_role text;
begin
    foreach v_role in array array['scorer_admin', 'scorer_api', 'scorer_caller', 'scorer_checker', 'scorer_owner'] loop
        continue when shobj_description(to_regrole(v_role), 'pg_authid') is distinct from 'Made by the passport scorer.';
        begin
            execute format('drop role %I', v_role);
        exception
            when dependent_objects_still_exist or undefined_object or insufficient_privilege then
                null;
        end;
    end loop;
end;
$block$;
