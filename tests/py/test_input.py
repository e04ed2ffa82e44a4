"""Whatever JSON the tables and the callers hold: a bad credential costs its own stamp, a bad argument is
refused by name, a bad weight is the operator's error; and nothing is ever half done."""

import copy
import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from harness.invariants import violations, watch
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest]

ADDRESS = "0x" + "e" * 40
FUZZ: dict[str, Any] = {
    "deadline": None,
    "max_examples": 150,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}

# As JSON text, since a text can hold what no value of Python does.
scalars = st.one_of(
    st.none().map(json.dumps),
    st.booleans().map(json.dumps),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.text().map(json.dumps),
    st.sampled_from(
        [
            '"\\u0000"',
            '"\\ud800"',
            "1e400",
            "-0",
            "1" * 5000,
            "0." + "1" * 5000,
            '""',
            '"2090-13-45T99:99:99Z"',
            '"9999-12-31T23:59:59.999999999+00:00"',
            '"' + "x" * 1_000_000 + '"',
        ]
    ),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]"),
        # A key may be there twice.
        st.lists(
            st.tuples(st.sampled_from(["id", "provider", "nullifiers", "hash", "a"]), inner), max_size=4
        ).map(lambda items: "{" + ",".join(f'"{key}":{value}' for key, value in items) + "}"),
    ),
    max_leaves=10,
)
DEEP = "[" * 3000 + "]" * 3000
DEEP_OBJECT = '{"credentialSubject":' * 800 + "1" + "}" * 800


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a JSON value."""
    below: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        below = [found for key, item in value.items() for found in paths(item, (*path, key))]
    if isinstance(value, list):
        below = [found for index, item in enumerate(value) for found in paths(item, (*path, index))]
    return [path, *below]


def replaced(value: Any, path: tuple[Any, ...], document: str) -> str:
    """The JSON text of a value with a document in the place of what stands at the path."""
    if not path:
        return document
    mark = "9b1c1f7e-mark"
    changed = copy.deepcopy(value)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = mark
    return json.dumps(changed).replace(f'"{mark}"', document)


def as_jsonb(world: World, document: str) -> str:
    """The document as the database keeps it; ends the example where it cannot be kept at all."""
    try:
        ((kept,),) = world.execute("select %s::jsonb::text", document)
    except psycopg.Error:
        assume(False)
    return str(kept)


def nothing_but(world: World, kept: set[str]) -> None:
    """Of the wallet's nullifiers, these alone are claimed."""
    assert {name for (name,) in world.execute("select hash from registry_hashscorerlink")} == kept


@pytest.fixture
def client(world: World) -> FlaskClient:
    watch(world.connection)
    world.put_valid(ADDRESS, "Github", "v0:good")
    return world.client()


def score(world: World, client: FlaskClient) -> dict[str, Any]:
    response = client.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json or {}
    return answer


def test_a_document_of_any_form_costs_its_own_stamp(world: World, client: FlaskClient) -> None:
    @settings(**FUZZ)
    @example(DEEP)
    @example(DEEP_OBJECT)
    @example('{"credentialSubject": {"provider": ["Ens"]}}')
    @given(documents)
    def run(document: str) -> None:
        document = as_jsonb(world, document)
        world.execute("delete from ceramic_cache where provider = 'Ens'")
        world.execute(
            "insert into ceramic_cache (address, provider, stamp) values (%s, 'Ens', %s)", ADDRESS, document
        )
        answer = score(world, client)
        assert {provider: s["score"] for provider, s in answer["stamps"].items()} == {"Github": "2.25000"}
        nothing_but(world, {"v0:good"})

    run()


def test_a_credential_with_anything_in_place_of_any_part_claims_nothing_new(
    world: World, client: FlaskClient
) -> None:
    signed = world.issuer.credential(ADDRESS, "Ens", ["v0:ens", "v1:ens"])

    @settings(**FUZZ)
    @example(("credentialSubject", "nullifiers"), DEEP)
    @example(("credentialSubject", "nullifiers"), '["v0:other", "v0:ens"]')
    @example(("credentialSubject", "provider"), '{"a": 1}')
    @example(("credentialSubject", "id"), '["a"]')
    @example(("issuer",), '{"id": "a"}')
    @example(("expirationDate",), '"2090-01-01T00:00:00+99:99"')
    @example(("proof",), "[]")
    @example(("proof", "proofValue"), '"0x"')
    @example(("proof", "verificationMethod"), '"did:web:example.com#key"')
    @example(("@context",), '["https://example.com/nowhere"]')
    @given(st.sampled_from(paths(signed)), documents)
    def run(path: tuple[Any, ...], document: str) -> None:
        document = as_jsonb(world, replaced(signed, path, document))
        world.execute("delete from ceramic_cache where provider = 'Ens'")
        world.execute("delete from registry_hashscorerlink where hash <> 'v0:good'")
        world.execute(
            "insert into ceramic_cache (address, provider, stamp) values (%s, 'Ens', %s)", ADDRESS, document
        )
        stamps = score(world, client)["stamps"]
        assert stamps["Github"]["score"] == "2.25000"
        nothing_but(world, {"v0:good", "v0:ens", "v1:ens"} if "Ens" in stamps else {"v0:good"})

    run()


STAMP = {
    "provider": "Github",
    "credential": {
        "expirationDate": "2090-01-01T00:00:00Z",
        "credentialSubject": {"nullifiers": ["n", "m"]},
    },
    "nullifiers": ["n", "m"],
    "expires_at": "2090-01-01T00:00:00Z",
}


def test_p_valid_stamps_of_any_form_is_scored_or_refused_by_name(world: World) -> None:
    watch(world.connection)
    outcomes: set[str] = set()

    @settings(**FUZZ | {"max_examples": 400})
    @example((), DEEP)
    @example((0,), DEEP)
    @example((0, "nullifiers"), f"[{DEEP}]")
    @example((0, "nullifiers"), "[" + ",".join(f'"{n}"' for n in range(10_001)) + "]")
    @example((0, "nullifiers"), '["n", "n"]')
    @example((), "[" + ",".join(["{}"] * 1001) + "]")
    @example((0, "expires_at"), '"0001-01-01T00:00:00Z"')
    @example((0, "expires_at"), '"2090-01-01T24:00:00Z"')
    @example((0, "expires_at"), '"2090-01-01T23:59:60.5+15:59"')
    @example((0, "expires_at"), '"9999-12-31T23:59:59-15:59"')
    @example((0, "credential"), '{"expirationDate": {}, "credentialSubject": {"nullifiers": []}}')
    @given(st.sampled_from(paths([STAMP, STAMP | {"provider": "Ens"}])), documents)
    def run(path: tuple[Any, ...], document: str) -> None:
        stamps = as_jsonb(world, replaced([STAMP, STAMP | {"provider": "Ens"}], path, document))
        error = attempt(world, stamps)
        outcomes.add(error.sqlstate or "none" if error else "scored")
        if error:
            assert error.sqlstate in {"SC003", "SC004", "SC005", "SC007"}, error
            assert error.diag.message_detail
            assert error.diag.message_hint

    run()
    assert outcomes == {"scored", "SC003", "SC004", "SC005", "SC007"}


def attempt(world: World, stamps: str) -> psycopg.Error | None:
    """Scores; gives the error, which has written nothing."""
    before = world.execute("select count(*) from registry_event")
    try:
        world.execute("select score_passport(%s, 1, %s)", ADDRESS, stamps)
    except psycopg.Error as error:
        assert world.execute("select count(*) from registry_event") == before
        return error
    return None


weights = st.one_of(
    documents,
    st.decimals(allow_nan=False, allow_infinity=False, places=7).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: json.dumps(str(number))),
    st.sampled_from(
        ['"NaN"', '"Infinity"', '"0x10"', '"1_000"', '" 1.5 "', '"1e5"', '""', '"\uff11"', '"1,5"']
    ),
)


def test_a_weight_of_any_form_is_added_or_refused_by_name(world: World) -> None:
    watch(world.connection)
    world.unguard_weights()
    outcomes: set[str] = set()

    @settings(**FUZZ | {"max_examples": 400})
    @given(weights, st.sampled_from(["0", "-1.5", "99999.99999", "NaN"]))
    def run(weight: str, threshold: str) -> None:
        given = as_jsonb(world, f'{{"Ens": 1, "Github": {weight}}}')
        world.execute(
            "update scorer_weighted_binaryweightedscorer set weights = %s, threshold = %s", given, threshold
        )
        error = attempt(world, json.dumps([STAMP]))
        outcomes.add(error.sqlstate or "none" if error else "scored")
        if error:
            assert error.sqlstate == "SC006", error
        else:
            number = Decimal(str(json.loads(given, parse_float=Decimal)["Github"]))
            ((total, score),) = world.execute("select evidence ->> 'rawScore', score from registry_score")
            assert Decimal(total) == number
            assert score == (number >= Decimal(threshold))
            assert violations(world.connection) == []

    run()
    assert outcomes == {"scored", "SC006"}


@pytest.mark.parametrize("document", ["[]", '"x"', "null", "1", "[[]]"])
def test_weights_that_are_no_object_are_refused_by_name(world: World, document: str) -> None:
    world.unguard_weights()
    world.execute("update scorer_weighted_binaryweightedscorer set weights = %s", document)
    with pytest.raises(psycopg.Error) as raised:
        world.execute("select score_passport(%s, 1, '[]')", ADDRESS)
    assert raised.value.sqlstate == "SC006"
    assert world.execute("select from registry_passport") == []
