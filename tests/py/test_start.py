"""What a fresh process of the function does without until somebody asks for it."""

import json
import subprocess
import sys
from typing import Any

import flask
import pytest
from werkzeug.routing import Rule

from api.app import create_app
from api.lazy import Module, lazily
from harness.lambda_runtime import Function, lambda_environment
from harness.world import World

ADDRESS = "0x" + "e" * 40
# What no request for a score needs.
PUT_OFF = (
    *("flask.templating", "http.server", "jinja2", "werkzeug.formparser", "werkzeug.sansio.multipart"),
    *("werkzeug.serving", "werkzeug.test"),
)
# Prints which of them are loaded once there is an answer, and then what comes of using them.
FIRST_ANSWER = """
import json, sys
from api.aws_lambda import app, handler
assert handler(json.loads(sys.argv[1]), None)["statusCode"] == 200
loaded = sorted({*sys.argv[2:]} & {*sys.modules})
import flask, gc
with app.test_request_context():
    text = flask.render_template_string("{{ 1 + 1 }}")
    url = flask.url_for("score", scorer_id=1, address="0xe")
answered = app.test_client().get("/health").status_code
print(json.dumps([loaded, text, url, answered, gc.isenabled()]), file=sys.stderr)
"""


@pytest.mark.newest
def test_a_first_answer_does_without_what_no_request_needs(world: World, function: Function) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    event = {"httpMethod": "GET", "path": world.path(ADDRESS), "headers": {"x-api-key": world.key}}
    settings = {
        "DATABASE_URL": world.service_url,
        "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did]),
    }
    told = subprocess.run(
        [function.python, "-c", FIRST_ANSWER, json.dumps(event), *PUT_OFF],
        cwd=function.folder,
        env=lambda_environment(function, "api.aws_lambda.handler") | settings,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    # Whoever asks for it has it all the same.
    assert json.loads(told) == [[], "2", "/v2/stamps/1/score/0xe", 200, True]


def test_what_is_imported_lazily_is_loaded_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    with lazily("sched"):
        from sched import Event, scheduler

        assert isinstance(sys.modules["sched"], Module)
    assert "sched" not in sys.modules
    made = scheduler()
    import sched

    assert type(made) is sched.scheduler
    assert isinstance(made, scheduler)
    assert scheduler.enterabs is sched.scheduler.enterabs

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
