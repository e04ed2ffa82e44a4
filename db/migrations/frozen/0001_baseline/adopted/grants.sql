-- What the functions, which run with the rights of scorer_owner, read and write of the existing tables; what they are
-- not granted here they cannot touch.
reset role;

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
