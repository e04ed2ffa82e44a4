-- The owner of everything in schema scorer: score_passport and load_passport run with its rights, and nobody
-- logs in as it. Who migrates becomes a member, and makes everything in its name from here on.
do $block$
declare
    v_statement text;
begin
    begin
        create role scorer_owner nologin;
    exception
        when duplicate_object or unique_violation then
            null;
    end;

    if not pg_has_role(current_user, 'scorer_owner', 'usage') then
        execute format('grant scorer_owner to %I', current_user);
    end if;

    -- To own a schema takes the right to create one, for this moment.
    execute format('grant create on database %I to scorer_owner', current_database());
    alter schema scorer owner to scorer_owner;
    execute format('revoke create on database %I from scorer_owner', current_database());

    for v_statement in
        select format('alter table %I.%I owner to scorer_owner', c.relnamespace::regnamespace, c.relname)
        from pg_class as c
        where c.relnamespace = 'scorer'::regnamespace and c.relkind = 'r'
        union all
        select format('alter function %s owner to scorer_owner', p.oid::regprocedure)
        from pg_proc as p
        where p.pronamespace = 'scorer'::regnamespace
    loop
        execute v_statement;
    end loop;
end;
$block$;

set local role scorer_owner;
