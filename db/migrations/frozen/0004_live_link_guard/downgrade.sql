drop trigger guard_live_link on scorer.registry_hashscorerlink;
