-- On their table: it keeps every writer, the existing service too, from giving a live link to another wallet.
reset role;

create or replace trigger guard_live_link
before update of address on public.registry_hashscorerlink
for each row
when (old.expires_at > now() and new.address <> old.address)
execute function scorer.guard_live_link();

set local role scorer_owner;
