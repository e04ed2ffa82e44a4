"""Credentials are checked once: a check is used for the very document, by the same rules, nothing else."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import scoring
from harness.wire import Recording, recorded
from harness.world import World
from local.issuer import Issuer

ADDRESS = "0x" + "b" * 40

Place = tuple[str | int, ...]


@pytest.fixture
def wired(world: World) -> Iterator[tuple[str, Recording]]:
    with recorded(world.service_url) as (url, recording):
        yield url, recording


@pytest.fixture
def stamps(world: World, wired: tuple[str, Recording]) -> Callable[..., tuple[list[str], int]]:
    """Asks for the wallet's score; gives the providers that count, and the number of round trips."""
    url, recording = wired
    clients: dict[str, FlaskClient] = {}

    def ask(**settings: Any) -> tuple[list[str], int]:
        client = clients.setdefault(str(settings), world.client(database_url=url, **settings))
        before = recording.round_trips
        response = client.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
        assert response.json
        assert response.status_code == 200
        return list(response.json["stamps"]), recording.round_trips - before

    return ask


def test_an_issuer_that_is_trusted_no_longer_counts_no_longer(
    world: World, stamps: Callable[..., tuple[list[str], int]]
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    assert stamps() == (["Github"], 2)
    assert stamps(trusted_issuers=frozenset()) == ([], 1)
    assert world.execute("select from registry_stamp") == []
    assert stamps(trusted_issuers=frozenset(["did:key:other"])) == ([], 1)
    assert stamps() == (["Github"], 1)


def test_another_verifier_checks_anew(
    world: World, stamps: Callable[..., tuple[list[str], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    assert [stamps(), stamps()] == [(["Github"], 2), (["Github"], 1)]
    monkeypatch.setattr(scoring, "VERIFIER", "rules 9, didkit 9")
    assert [stamps(), stamps()] == [(["Github"], 2), (["Github"], 1)]
    assert world.execute("select count(*), count(distinct digest) from credential_check") == [(2, 1)]


def fields(value: Any, path: Place = ()) -> Iterator[Place]:
    """The places of all members and elements, at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield (*path, key)
        yield from fields(child, (*path, key))


def alterations(document: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The document with another text in the place of each, and without each of its members and elements."""
    for path in fields(document):
        for keep in (True, False):
            result = copy.deepcopy(document)
            place: Any = result
            for key in path[:-1]:
                place = place[key]
            value = place[path[-1]]
            if not keep:
                del place[path[-1]]
            elif isinstance(value, str):
                place[path[-1]] = another(value)
            else:
                continue
            yield path, result


def another(text: str) -> str:
    """Of the same form, so that it is not the form what is refused."""
    if text.startswith("0x"):
        return text[:-1] + ("0" if text[-1] != "0" else "1")
    is_time = text.startswith("20") and text.endswith("Z")
    return text.replace("20", "21", 1) if is_time else f"{text}x"


@pytest.mark.parametrize("kind", ["ethereum", "ed25519"])
def test_a_credential_altered_anywhere_is_checked_anew_and_rejected(
    world: World, wired: tuple[str, Recording], kind: str
) -> None:
    url, recording = wired
    issuer: Issuer = getattr(Issuer, kind)()
    document = issuer.credential(ADDRESS, "Github", ["v0:g", "v1:g"])
    # Any issuer is trusted, so that trust is not what an altered one lacks.
    issuers = {given["issuer"] for _, given in alterations(document) if "issuer" in given}
    client = world.client(database_url=url, trusted_issuers=frozenset(issuers))

    def ask(given: dict[str, Any]) -> tuple[list[str], int]:
        world.execute("delete from ceramic_cache")
        world.put(ADDRESS, "Github", given)
        before = recording.round_trips
        answer = client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).json
        assert answer
        return list(answer["stamps"]), recording.round_trips - before

    assert ask(document) == (["Github"], 2)
    assert ask(document) == (["Github"], 1)
    given = list(alterations(document))
    assert len(given) > 30
    for path, other in given:
        providers, round_trips = ask(other)
        # The type of the domain may be left out: didkit fills in the same.
        assert providers == (["Github"] if path[-1] == "EIP712Domain" else []), path
        # Without an issuer there is none to trust, and nothing to check.
        assert round_trips == (1 if path == ("issuer",) and "issuer" not in other else 2), path
    assert ask(document) == (["Github"], 1)
    assert world.execute("select distinct hash from registry_hashscorerlink where hash like '%%x'") == []
