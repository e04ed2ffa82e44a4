"""What becomes of each table of a partition."""

# Written in the home alone, and replicated from there to the other partitions.
REPLICATED = (
    "account_account",
    "account_apikey",
    "account_community",
    "scorer_weighted_binaryweightedscorer",
    "ceramic_cache",
    "ceramic_cache_revocation",
    "api_key_rotation",
)
# What the front has of them.
AT_THE_FRONT = {
    "account_apikey": ("id", "account_id", "prefix"),
    "account_community": ("id", "account_id", "external_scorer_id"),
}
PASSPORTS = "passport_id in (select id from scorer.registry_passport where community_id = {community})"
# A community's: where it lives and nowhere else, with the condition that finds its rows. Each stands after
# what it refers to.
OF_A_COMMUNITY = {
    "registry_passport": "community_id = {community}",
    "registry_stamp": PASSPORTS,
    "registry_score": PASSPORTS,
    "registry_hashscorerlink": "community_id = {community}",
    "registry_event": "community_id = {community}",
}
# Human points are counted across communities: in the home, where all that have them live.
HOME = (
    "human_points_passingscorerecord",
    "human_points_wallet",
    "human_points_stampaction",
    "human_points_bonusaward",
)
# Each partition has its own.
LOCAL = (
    "alembic_version",
    "credential_check",
    "check_ahead_progress",
    "check_ahead_claim",
    "credential_digest",
    "check_sweep",
    "api_key_use",
    "api_key_window",
)
