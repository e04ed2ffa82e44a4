"""The demo data of make run."""

import pytest

from api import scoring
from api.database import Database
from api.settings import Settings
from harness.server import connect
from local import demo
from local.issuer import Issuer

# What a newcomer inserts into each table that gives ids, %(new)s being new each time.
ROWS = {
    "account_account": "default values",
    "account_apikey": "(account_id, prefix, hashed_key) values (1, %(new)s, '')",
    "account_community": "(account_id, scorer_id) values (1, 1)",
    "ceramic_cache": "(address, provider, stamp) values (%(new)s, 'Github', '{}')",
    "ceramic_cache_revocation": "(ceramic_cache_id) select max(id) from ceramic_cache",
    "human_points_bonusaward": "(address, bonus_type) values (%(new)s, 'SCORING_BONUS')",
    "human_points_passingscorerecord": "(address, community_id) values (%(new)s, 1)",
    "human_points_stampaction": "(address, provider) values (%(new)s, 'Github')",
    "registry_event": "(action, address) values ('SCORE_UPDATE', %(new)s)",
    "registry_hashscorerlink": "(hash, address, community_id, expires_at)"
    " values (%(new)s, %(new)s, 1, 'infinity')",
    "registry_passport": "(address, community_id) values (%(new)s, 1)",
    "registry_score": "(passport_id) select max(id) from registry_passport",
    "registry_stamp": "(passport_id, provider, credential)"
    " select max(id), 'Github', '{}' from registry_passport",
    "scorer_weighted_binaryweightedscorer": "default values",
}


@pytest.mark.own_tables
def test_rows_beside_the_demo_data_need_no_ids(database_url: str, issuer: Issuer) -> None:
    settings = Settings(database_url, frozenset([issuer.did]))
    with connect(database_url) as connection:
        identities = connection.execute(
            "select table_name from information_schema.columns"
            " where (is_identity = 'YES' or column_default like 'nextval%') and table_schema = 'scorer'"
            " and table_name not like 'check_ahead%' and table_name not like 'registry_event_%' order by 1"
        ).fetchall()
        assert [name for (name,) in identities] == list(ROWS)
        for new in ("first", "second"):
            demo.load(database_url, issuer)
            for address in demo.STAMPS:
                scoring.score(Database(database_url), settings, demo.KEY, str(demo.COMMUNITY), address)
            for table, row in ROWS.items():
                connection.execute(f"insert into {table} {row}".encode(), {"new": new})
