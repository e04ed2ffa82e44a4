"""Random histories: step by step against the model, and from several threads against the invariants."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from psycopg.rows import dict_row

from api import scoring
from api.database import Database
from cli.explain import explanation
from harness.existing import base_table
from harness.invariants import Answered, lost, violations, watch
from harness.model import Community, Link, Model, Stamp
from harness.peer import score_as_peer
from harness.server import connect
from harness.world import World
from local.issuer import Issuer

WALLETS = ["0x" + digit * 40 for digit in "abc"]
PROVIDERS = ["Github", "Google", "metamaskDeveloperDao", "Unweighted"]
WEIGHTS = {
    "Github": Decimal("1.5"),
    "Google": Decimal("1.00000"),
    "metamaskDeveloperDao": Decimal("0.000005"),
}
COMMUNITIES = {
    number: Community(WEIGHTS, Decimal(threshold), number != 5)
    for number, threshold in {1: "1", 2: "1.5", 3: "0", 4: "0.00001", 5: "2.5"}.items()
}
NULLIFIERS = [f"v0:{letter}" for letter in "abcde"]
# The tables that a history starts with empty.
WRITTEN = [
    "ceramic_cache",
    "ceramic_cache_revocation",
    "registry_passport",
    "registry_stamp",
    "registry_score",
    "registry_hashscorerlink",
    "registry_event",
    "human_points_passingscorerecord",
    "human_points_stampaction",
    "human_points_bonusaward",
]
PAST = datetime(2025, 1, 1, tzinfo=UTC)
EXPIRIES = [PAST, *(datetime(year, 6, 1, tzinfo=UTC) for year in (2090, 2091, 2092))]
# As many histories as make test can wait for; what they find, they find again: the seed is printed.
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}

stamps = st.builds(
    Stamp,
    st.sampled_from(PROVIDERS),
    st.lists(st.sampled_from(NULLIFIERS), min_size=1, max_size=4).map(tuple),
    st.sampled_from(EXPIRIES),
)
# How credentials come to count no longer.
ENDINGS = [
    "update ceramic_cache set deleted_at = now() where address = %s and provider = %s",
    "insert into ceramic_cache_revocation (ceramic_cache_id) select id from ceramic_cache"
    " where address = %s and provider = %s on conflict do nothing",
]
DEFECTS = ["untrusted issuer", "other wallet", "other provider", "changed nullifier", "no proof"]


@pytest.fixture
def model_world(world: World) -> World:
    """Communities of one account as COMMUNITIES has them."""
    world.execute("delete from account_community")
    world.execute("delete from scorer_weighted_binaryweightedscorer")
    for number, community in COMMUNITIES.items():
        world.add_community(
            number,
            json.dumps({provider: str(weight) for provider, weight in community.weights.items()}),
            str(community.threshold),
            points=community.human_points_program,
        )
    return world


class Signer:
    """Credentials for stamps, each signed once."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.legacy = Issuer.ed25519()
        self.stranger = Issuer.ethereum()
        self.signed: dict[Any, dict[str, Any]] = {}

    @property
    def trusted(self) -> frozenset[str]:
        return frozenset([self.issuer.did, self.legacy.did])

    def credential(self, address: str, stamp: Stamp, form: str) -> dict[str, Any]:
        """In the typed or the legacy form, or typed with a defect."""
        key = (address, stamp, form)
        if key not in self.signed:
            issuers = {"legacy": self.legacy, "untrusted issuer": self.stranger}
            signed = issuers.get(form, self.issuer).credential(
                WALLETS[WALLETS.index(address) - 1] if form == "other wallet" else address,
                "Other" if form == "other provider" else stamp.provider,
                list(stamp.nullifiers),
                stamp.expires_at,
            )
            if form == "changed nullifier":
                signed["credentialSubject"]["nullifiers"][0] += "x"
            if form == "no proof":
                del signed["proof"]
            self.signed[key] = signed
        return self.signed[key]


class Histories(RuleBasedStateMachine):
    """What can happen to wallets, done to the database and to the model."""

    world: World
    signer: Signer

    def __init__(self) -> None:
        super().__init__()
        tables = ", ".join(base_table(self.world.connection, name) for name in WRITTEN)
        self.world.execute(f"truncate {tables}")
        self.model = Model(datetime.now(UTC), COMMUNITIES)
        self.database = Database(self.world.service_url)

    @rule(
        address=st.sampled_from(WALLETS),
        stamp=stamps,
        form=st.sampled_from(["typed"] * 6 + ["legacy", *DEFECTS]),
    )
    def put(self, address: str, stamp: Stamp, form: str) -> None:
        if form == "legacy":
            stamp = replace(stamp, nullifiers=stamp.nullifiers[:1])
        self.world.put(address, stamp.provider, self.signer.credential(address, stamp, form))
        self.model.wallets.setdefault(address, []).append(replace(stamp, is_valid=form not in DEFECTS))

    @rule(address=st.sampled_from(WALLETS), provider=st.sampled_from(PROVIDERS), how=st.sampled_from(ENDINGS))
    def end(self, address: str, provider: str, how: str) -> None:
        self.world.execute(how, address, provider)
        held = self.model.wallets.get(address, [])
        self.model.wallets[address] = [s for s in held if s.provider != provider]

    @precondition(lambda self: any(self.model.links.values()))
    @rule(data=st.data())
    def expire_link(self, data: st.DataObject) -> None:
        held = [(c, n) for c, links in self.model.links.items() for n in links]
        community, nullifier = data.draw(st.sampled_from(sorted(held)))
        self.world.execute(
            "update registry_hashscorerlink set expires_at = %s where community_id = %s and hash = %s",
            PAST,
            community,
            nullifier,
        )
        links = self.model.links[community]
        links[nullifier] = Link(links[nullifier].address, PAST)

    @rule(address=st.sampled_from(WALLETS))
    def score(self, address: str) -> None:
        """In the community where all wallets meet."""
        self.score_in(1, address, True)

    @rule(
        community=st.sampled_from(sorted(COMMUNITIES)),
        address=st.sampled_from(WALLETS),
        points=st.sampled_from([True, True, False]),
    )
    def score_anywhere(self, community: int, address: str, points: bool) -> None:
        self.score_in(community, address, points)

    def ask(self, statement: str, **arguments: Any) -> list[dict[str, Any]]:
        cursor = self.world.connection.cursor(row_factory=dict_row)
        return cursor.execute(statement.encode(), arguments).fetchall()

    def score_in(self, community: int, address: str, points: bool) -> None:
        given = self.world.settings(trusted_issuers=self.signer.trusted, human_points_enabled=points)
        explained = explanation(self.ask, self.signer.trusted, address, community, check=True)
        answer = json.loads(scoring.score(self.database, given, self.world.key, str(community), address))
        assert answer.pop("last_score_timestamp")
        assert told(explained) == shown(answer)
        assert answer == self.model.score(address, community, points)
        self.compare_tables()

    def compare_tables(self) -> None:
        links = self.world.execute(
            "select community_id, hash, address, expires_at from registry_hashscorerlink"
        )
        assert {(c, n): Link(a, e) for c, n, a, e in links} == {
            (c, n): link for c, links in self.model.links.items() for n, link in links.items()
        }
        held = self.world.execute(
            "select p.address, p.community_id, s.provider, (s.credential ->> 'expirationDate')::timestamptz"
            " from registry_stamp as s inner join registry_passport as p on p.id = s.passport_id"
        )
        assert sorted(held) == sorted(
            (a, c, provider, expires_at)
            for (a, c), clean in self.model.passports.items()
            for provider, expires_at in clean.items()
        )
        events = self.world.execute(
            "select action, address, community_id, data from registry_event order by id"
        )
        assert [(a, w, c, essence(data)) for a, w, c, data in events] == self.model.events
        assert set(
            self.world.execute("select address, community_id from human_points_passingscorerecord")
        ) == (self.model.passing)
        assert set(self.world.execute("select address, provider from human_points_stampaction")) == (
            self.model.actions
        )
        assert set(self.world.execute("select address, bonus_type, points from human_points_bonusaward")) == (
            self.model.bonuses
        )
        scores = self.world.execute(
            "select p.address, p.community_id, s.stamp_scores from registry_score as s"
            " inner join registry_passport as p on p.id = s.passport_id"
        )
        assert {(a, c): set(stamp_scores) for a, c, stamp_scores in scores} == {
            passport: set(clean) for passport, clean in self.model.passports.items()
        }


def shown(answer: dict[str, Any]) -> Any:
    """What of an answer an explanation foretells."""
    stamps = {provider: (s["score"], s["dedup"]) for provider, s in answer["stamps"].items()}
    return answer["score"], answer["passing_score"], answer["expiration_timestamp"], stamps


def told(explained: dict[str, Any]) -> Any:
    """The same, by an explanation."""
    stamps = {
        each["provider"]: (each["weight"] if each["counts"] else "0.00000", each["reason"] == "deduped")
        for each in explained["credentials"]
        if each["reason"] in (None, "deduped")
    }
    return explained["score"], explained["passing_score"], explained["expiration_timestamp"], stamps


def essence(data: dict[str, Any]) -> Any:
    """What of an event's data the model knows."""
    if "nullifiers" in data:
        return data["provider"], data["nullifiers"]
    return Decimal(data["fields"]["evidence"]["rawScore"])


def test_every_step_of_a_history_is_as_the_model_says(model_world: World) -> None:
    """Each score also as scorer explain foretold it."""
    watch(model_world.connection)
    machine = type("Machine", (Histories,), {"world": model_world, "signer": Signer(model_world.issuer)})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=50, **SETTINGS))
    # A link that was expired by hand may go to another wallet while the first one's stamp still counts.
    by_hand = ("a nullifier counts in two", "a stamp counts whose nullifier")
    assert [found for found in violations(model_world.connection) if not found.startswith(by_hand)] == []


# What a thread does: scores a wallet in a community with these stamps, each with the time left to it.
steps = st.tuples(
    st.sampled_from(WALLETS),
    st.sampled_from([1, 2, 3, 4]),
    st.dictionaries(
        st.sampled_from(PROVIDERS),
        st.tuples(
            st.lists(st.sampled_from(NULLIFIERS), min_size=1, max_size=4),
            st.sampled_from([0.03, 0.1, 0.3, 10**9]),
        ),
        max_size=4,
    ),
)
histories = st.lists(st.lists(steps, min_size=5, max_size=15), min_size=4, max_size=4)


def wallet_stamps(given: dict[str, tuple[list[str], float]]) -> list[dict[str, Any]]:
    """Stamps that expire as given from now, as p_valid_stamps has them."""
    now = datetime.now(UTC)
    return [
        {
            "provider": provider,
            "credential": {
                "expirationDate": (expires_at := (now + timedelta(seconds=left)).isoformat()),
                "credentialSubject": {"nullifiers": nullifiers},
            },
            "nullifiers": nullifiers,
            "expires_at": expires_at,
        }
        for provider, (nullifiers, left) in given.items()
    ]


def score_in_sql(session: psycopg.Connection, address: str, community: int, given: Any) -> Answered | None:
    """Scores as another service does, trying again what may be tried again."""
    while True:
        try:
            row = session.execute(
                "select score_passport(%s, %s, %s, true)",
                [address, community, json.dumps(wallet_stamps(given))],
            ).fetchone()
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            continue
        except psycopg.Error as error:
            if error.sqlstate != "SC005":
                raise
            return None
        assert row
        return Answered(address, community, row[0]["last_score_timestamp"])


@pytest.mark.parametrize("with_peer", [False, True], ids=["ours", "beside the existing service"])
def test_histories_of_several_threads_keep_the_invariants(model_world: World, with_peer: bool) -> None:
    """The last thread, if so, scores a wallet of its own in the way of the existing service."""
    watch(model_world.connection)
    answered: list[Answered] = []

    def play(history: list[Any], is_peer: bool) -> None:
        with connect(model_world.url) as session:
            for address, community, given in history:
                if is_peer:
                    score_as_peer(
                        session, "0x" + "e" * 40, community, wallet_stamps(given), COMMUNITIES[community]
                    )
                elif answer := score_in_sql(session, address, community, given):
                    answered.append(answer)

    @settings(max_examples=25, **SETTINGS)
    @given(histories)
    def run(histories: list[list[Any]]) -> None:
        with ThreadPoolExecutor(len(histories)) as executor:
            runs = [
                executor.submit(play, history, with_peer and index == 0)
                for index, history in enumerate(histories)
            ]
        for each in runs:
            each.result()
        assert violations(model_world.connection) == []
        assert lost(model_world.connection, answered) == []

    run()


def test_the_invariants_see_what_they_are_for(model_world: World) -> None:
    """Each of them, broken by hand."""
    watch(model_world.connection)
    long = 10.0**9
    first, second = WALLETS[:2]
    score_in_sql(model_world.connection, first, 1, {"Github": (["x"], long), "Google": (["n"], long)})
    score_in_sql(model_world.connection, second, 1, {"Github": (["x"], long), "Google": (["m"], long)})
    assert violations(model_world.connection) == []
    breaks = {
        "a live link changed hands or vanished": "delete from registry_hashscorerlink where hash = 'n'",
        "a nullifier counts in two passports": "update registry_stamp set credential ="
        """ '{"expirationDate": "2090-01-01Z", "credentialSubject": {"nullifiers": ["m"]}}'""",
        "a stamp counts whose nullifier the wallet does not hold": "update registry_hashscorerlink"
        " set expires_at = '2030-01-01Z' where hash = 'n'",
        "a provider counts twice": "insert into registry_stamp (passport_id, provider, credential)"
        " select passport_id, provider, credential from registry_stamp",
        "a passport without a score": "delete from registry_score",
        "a score that is not the sum": "update registry_score set score = 1 - score",
        "a score without its event": "delete from registry_event where action = 'SCORE_UPDATE'",
        "dedup events": "delete from registry_event where action = 'LIFO_DEDUPLICATION'",
        "human points": "insert into human_points_bonusaward (address, bonus_type, points)"
        f" values ('{first}', 'SCORING_BONUS', 50)",
    }
    for name, statement in breaks.items():
        with model_world.connection.transaction(force_rollback=True):
            model_world.execute(statement)
            assert any(found.startswith(name) for found in violations(model_world.connection)), name
    never = Answered(first, 1, "2026-01-01T00:00:00+00:00")
    assert lost(model_world.connection, [never]) == [never]
