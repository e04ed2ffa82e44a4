drop table scorer.credential_digest;

reset role;

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
