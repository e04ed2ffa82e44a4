create trigger guard_live_link
before update of address on scorer.registry_hashscorerlink
for each row
when (old.expires_at > now() and new.address <> old.address)
execute function scorer.guard_live_link();

create trigger guard_weights
before insert or update of weights, threshold on scorer.scorer_weighted_binaryweightedscorer
for each row
execute function scorer.guard_weights();

-- What the functions make of the tables.
select scorer.ensure_event_partitions(3);
