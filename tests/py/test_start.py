"""What a fresh process of the function does without until somebody asks for it."""

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import flask
import psycopg
import pytest
from werkzeug.routing import Rule

from api import put_off
from api.app import create_app
from api.lazy import Module, lazily
from harness.lambda_runtime import Function
from harness.world import World

ADDRESS = "0x" + "e" * 40
NEW_ADDRESS = "0x" + "f" * 40
# What no request for a score needs.
PUT_OFF = (
    *("click", "difflib", "flask.cli", "flask.templating", "http.server", "importlib.metadata"),
    *("itsdangerous", "jinja2", "pkgutil", "uuid", "werkzeug.formparser", "werkzeug.sansio.multipart"),
    *("werkzeug.serving", "werkzeug.test", "zipfile"),
    *("asyncio", "concurrent.futures", "ctypes", "ctypes.util", "psycopg._acompat", "psycopg._copy_async"),
    *("psycopg._pipeline_async", "psycopg._server_cursor", "psycopg._server_cursor_async", "psycopg._tpc"),
    *("psycopg.client_cursor", "psycopg.connection_async", "psycopg.copy", "psycopg.cursor_async"),
    *("psycopg.raw_cursor", "psycopg.version", "psycopg_binary.version", "subprocess"),
    "api.didkit_loop",
)
# Prints which of the modules named are loaded once the handler is there, and once there is an answer.
LOADED = """
import json, sys
from api.aws_lambda import app, handler
loaded = [sorted({*sys.argv[3:]} & {*sys.modules})]
assert handler(json.loads(sys.argv[1]), None)["statusCode"] == 200
print(json.dumps(loaded + [sorted({*sys.argv[3:]} & {*sys.modules})]), file=sys.stderr)
"""
# Prints what comes of using them.
USED = """
import asyncio, flask, gc, os, psycopg
with app.test_request_context():
    text = flask.render_template_string("{{ 1 + 1 }}")
    url = flask.url_for("score", scorer_id=1, address="0xe")
client = app.test_client()
refused = []
for statement in ("select 1 / 0", "select 1 / 0"):
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        try:
            connection.execute(statement)
        except psycopg.Error as error:
            refused.append(error.sqlstate)
async def ask():
    async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"]) as connection:
        return (await (await connection.execute("select 7")).fetchone())[0]
used = {
    "a template": text,
    "a url": url,
    "a client": client.get("/health").status_code,
    "an error": refused,
    "a connection of asyncio's": asyncio.run(ask()),
    "a version": str(psycopg.__version__),
    "a first proof": handler(json.loads(sys.argv[2]), None)["statusCode"],
    "garbage is collected": gc.isenabled(),
}
print(json.dumps(used), file=sys.stderr)
"""


@pytest.mark.newest
def test_a_first_answer_does_without_what_no_request_needs(world: World, function: Function) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.put_valid(NEW_ADDRESS, "Github", "v0:n")
    assert world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    loaded, used = started(world, function, LOADED + USED)
    assert loaded == [[], []]
    # Whoever asks for it has it all the same.
    assert used == {
        "a template": "2",
        "a url": "/v2/stamps/1/score/0xe",
        "a client": 200,
        "an error": ["22012", "22012"],
        "a connection of asyncio's": 7,
        "a version": psycopg.__version__,
        "a first proof": 200,
        "garbage is collected": True,
    }


@pytest.mark.newest
@pytest.mark.parametrize("initialization", ["snap-start", "provisioned-concurrency"])
def test_a_start_that_nobody_waits_for_leaves_nothing_of_proofs_for_later(
    world: World, function: Function, initialization: str
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    ((loaded, with_answer),) = started(world, function, LOADED, AWS_LAMBDA_INITIALIZATION_TYPE=initialization)
    assert {"api.didkit_loop", "asyncio"} <= {*loaded}
    assert with_answer == loaded


def started(world: World, function: Function, script: str, **environment: str) -> list[Any]:
    """What a script prints as JSON, one a line, that is given the events of two requests and PUT_OFF."""
    events = [
        json.dumps({"httpMethod": "GET", "path": world.path(address), "headers": {"x-api-key": world.key}})
        for address in (ADDRESS, NEW_ADDRESS)
    ]
    settings = {
        "DATABASE_URL": world.service_url,
        "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did]),
    }
    told = function.run(script, *events, *PUT_OFF, **settings | environment)
    return [json.loads(line) for line in told.stderr.splitlines()]


def test_what_is_put_off_is_there() -> None:
    for module in (*put_off.MODULES, *put_off.KNOWN):
        assert find_spec(module), module
    assert put_off.KNOWN["psycopg._acompat"]["Lock"] is import_module("psycopg._acompat").Lock


def test_what_is_imported_lazily_is_loaded_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    with lazily("sched"):
        from sched import Event, scheduler

        nothing = sys.modules["sched"].nothing

        assert isinstance(sys.modules["sched"], Module)
    assert "sched" not in sys.modules
    made = scheduler()
    import sched

    assert type(made) is sched.scheduler
    assert isinstance(made, scheduler)
    assert scheduler.enterabs is sched.scheduler.enterabs
    assert str(scheduler) == str(sched.scheduler)
    assert not hasattr(nothing, "of it")

    class Derived(Event):
        pass

    assert issubclass(Derived, sched.Event)


def test_who_uses_it_at_once_has_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    with lazily("sched", "json"):
        from json import dumps
        from sched import scheduler

        assert scheduler().empty()
    # It was loaded before.
    assert dumps is json.dumps
    assert not isinstance(sys.modules["sched"], Module)


def test_what_is_imported_lazily_may_be_generic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "graphlib", raising=False)
    with lazily("graphlib"):
        from graphlib import TopologicalSorter

        class Sorter(TopologicalSorter[int]):
            pass

    assert list(Sorter({1: [2]}).static_order()) == [2, 1]


def test_what_is_known_of_it_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    with lazily(known={"sched": {"Event": str}}):
        from sched import Event, scheduler

        assert repr(Event) == repr(str)
        assert isinstance(sys.modules["sched"], Module)
    assert scheduler().empty()


def test_a_module_within_one_is_loaded_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wsgiref", raising=False)
    monkeypatch.delitem(sys.modules, "wsgiref.util", raising=False)
    with lazily("wsgiref", "wsgiref.util"):
        import wsgiref.util
    assert wsgiref.util.request_uri.__name__ == "request_uri"


def test_no_rule_is_compiled_for_building_urls_before_one_is_built(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Any] = []
    compile_builder = Rule._compile_builder

    def recorded(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(rule)
        return compile_builder(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", recorded)
    app = create_app(world.settings())
    assert app.test_client().get("/health").status_code == 200
    assert compiled == []
    with app.test_request_context():
        assert flask.url_for("score", scorer_id=1, address="0xe", more=2) == "/v2/stamps/1/score/0xe?more=2"
    assert compiled
