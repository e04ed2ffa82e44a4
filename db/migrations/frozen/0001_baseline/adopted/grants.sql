-- What the functions, which run with the rights of scorer_owner, read and write of the existing tables; what they are
-- not granted here they cannot touch.
reset role;

do $block$
declare
    v_sequence text;
begin
    if not has_schema_privilege('scorer_owner', 'public', 'usage') then
        grant usage on schema public to scorer_owner;
    end if;

    -- Ids of older tables come from a sequence that is used with the rights of the writer.
    for v_sequence in
        select pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)
        from pg_attribute as a
        where
            a.attrelid = any(array[
                to_regclass('public.registry_passport'), to_regclass('public.registry_stamp'),
                to_regclass('public.registry_score'), to_regclass('public.registry_hashscorerlink'),
                to_regclass('public.registry_event'),
                to_regclass('public.registry_humanpointscommunityqualifiedusers')
            ])
            and a.attname = 'id'
            and a.attidentity = ''
            and a.atthasdef
    loop
        execute format('grant usage on sequence %s to scorer_owner', v_sequence);
    end loop;
end;
$block$;

grant select on public.account_account to scorer_owner;
grant select on public.account_accountapikey to scorer_owner;
grant update (hashed_key_sha256) on public.account_accountapikey to scorer_owner;
grant select on public.account_community to scorer_owner;
grant select on public.account_customization to scorer_owner;
grant select on public.account_allowlist to scorer_owner;
grant select on public.account_addresslist to scorer_owner;
grant select on public.account_customcredential to scorer_owner;
grant select on public.account_customcredentialruleset to scorer_owner;
grant select on public.scorer_weighted_scorer to scorer_owner;
grant select on public.scorer_weighted_binaryweightedscorer to scorer_owner;
grant select on public.scorer_weighted_weightedscorer to scorer_owner;
grant select on public.ceramic_cache_ceramiccache to scorer_owner;
grant select on public.ceramic_cache_revocation to scorer_owner;
grant select, insert, update on public.registry_passport to scorer_owner;
grant select, insert, delete on public.registry_stamp to scorer_owner;
grant select, insert, update on public.registry_score to scorer_owner;
grant select, insert, update on public.registry_hashscorerlink to scorer_owner;
grant select, insert on public.registry_event to scorer_owner;
grant select, insert on public.registry_humanpointscommunityqualifiedusers to scorer_owner;

set local role scorer_owner;
