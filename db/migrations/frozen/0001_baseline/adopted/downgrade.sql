reset role;

do $block$
declare
    v_sequence text;
begin
    -- Both are there only where moving in had to grant them.
    for v_sequence in
        select s.oid::regclass::text
        from pg_class as s
        cross join aclexplode(s.relacl) as g
        where
            s.relkind = 'S' and s.relnamespace = 'public'::regnamespace and g.grantee = 'scorer_owner'::regrole
    loop
        execute format('revoke all on sequence %s from scorer_owner', v_sequence);
    end loop;

    if exists (
        select from pg_namespace as n
        cross join aclexplode(n.nspacl) as g
        where n.nspname = 'public' and g.grantee = 'scorer_owner'::regrole
    ) then
        revoke usage on schema public from scorer_owner;
    end if;
end;
$block$;

revoke all on public.account_account from scorer_owner;
revoke all on public.account_accountapikey from scorer_owner;
revoke all on public.account_community from scorer_owner;
revoke all on public.account_customization from scorer_owner;
revoke all on public.account_allowlist from scorer_owner;
revoke all on public.account_addresslist from scorer_owner;
revoke all on public.account_customcredential from scorer_owner;
revoke all on public.account_customcredentialruleset from scorer_owner;
revoke all on public.scorer_weighted_scorer from scorer_owner;
revoke all on public.scorer_weighted_binaryweightedscorer from scorer_owner;
revoke all on public.scorer_weighted_weightedscorer from scorer_owner;
revoke all on public.ceramic_cache_ceramiccache from scorer_owner;
revoke all on public.ceramic_cache_revocation from scorer_owner;
revoke all on public.registry_passport from scorer_owner;
revoke all on public.registry_stamp from scorer_owner;
revoke all on public.registry_score from scorer_owner;
revoke all on public.registry_hashscorerlink from scorer_owner;
revoke all on public.registry_event from scorer_owner;
revoke all on public.registry_humanpointscommunityqualifiedusers from scorer_owner;

set local role scorer_owner;
