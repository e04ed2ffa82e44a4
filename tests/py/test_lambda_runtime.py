"""The packaged function as Lambda runs it: by awslambdaric, read-only, in Lambda's environment."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from db.migrate import ROOT
from harness.lambda_emulator import emulated, emulator
from harness.lambda_runtime import Ended, Function, InitError, Start, Told
from harness.locks import locked_passports, waiting
from harness.patience import wait_until
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest]

EVENTS = sorted((ROOT / "tests/data/events").glob("*.json"))
ADDRESS = "0x" + "e" * 40
CHECK_AHEAD = "api.check_ahead_lambda.handler"
# An event of a schedule.
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
# Of the service.
SESSIONS = "select count(*) from pg_stat_activity where usename = 'service' and datname = current_database()"


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / f"tests/data/events/{name}.json").read_text())
    return event


def contents(folder: Path) -> set[tuple[str, int]]:
    """The files below a folder, and when they were changed."""
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_every_event_is_scored_and_the_folder_stays_as_it_is(
    world: World, start: Start, function: Function, output: Path
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    before = contents(function.folder)
    instance = start()
    instance.start()
    assert len(EVENTS) == 6
    for path in EVENTS:
        answered = instance.invoke(load(path.stem))
        assert answered["statusCode"] == 200, path.stem
        assert json.loads(answered["body"])["score"] == "2.25000"
        headers = answered.get("multiValueHeaders") or answered["headers"]
        assert headers["Content-Type"] in ("application/json", ["application/json"])
        assert ("multiValueHeaders" in answered) == (path.stem == "load_balancer_multi_value")
        encoded = load(path.stem) | {"body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}
        assert instance.invoke(encoded)["statusCode"] == 200, path.stem
    assert contents(function.folder) == before
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200] * 12
    assert len({line["invocation_id"] for line in lines}) == 12


def test_the_emulator_of_aws_gets_the_same_answers(
    world: World, start: Start, function: Function, output: Path
) -> None:
    program = emulator()
    if program is None:
        pytest.skip("Go is not there to build the emulator")
    world.put_valid(ADDRESS, "Github", "v0:g")
    settings = {"DATABASE_URL": world.service_url, "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did])}
    instance = start()
    instance.start()
    with emulated(program, function, output, settings) as invoke:
        for path in EVENTS:
            event = load(path.stem)
            ours, theirs = without_time(instance.invoke(event)), without_time(invoke(event))
            assert theirs == ours, path.stem
            assert theirs["body"]["score"] == "2.25000"


def without_time(answered: Any) -> Any:
    """An answer, read, but for when it was computed."""
    return answered | {"body": json.loads(answered["body"]) | {"last_score_timestamp": None}}


def test_an_event_that_is_no_request_is_answered_and_is_one_line_of_the_log(
    start: Start, output: Path
) -> None:
    instance = start()
    instance.start()
    events: list[Any] = [{}, [], None, "ping"]
    for event in events:
        assert instance.invoke(event)["statusCode"] == 400
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(line["level"], line["outcome"]) for line in lines] == [("ERROR", "unreadable")] * 4
    assert all("Traceback" in line["traceback"] for line in lines)


@pytest.mark.parametrize("handler", ["api.aws_lambda.handler", CHECK_AHEAD])
@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("DATABASE_URL", "", "is not set: give the database as a postgresql:// URL."),
        ("TRUSTED_IAM_ISSUERS", "[]", "names no issuer: give the DIDs whose credentials count."),
    ],
)
def test_a_missing_setting_is_an_error_of_initialization(
    start: Start, output: Path, handler: str, setting: str, value: str, told: str
) -> None:
    message = f"{setting} {told}"
    instance = start(handler, **{setting: value})
    with pytest.raises(InitError) as raised:
        instance.start()
    (report,) = raised.value.args
    assert report.path == "/2018-06-01/runtime/init/error"
    assert report.headers["Lambda-Runtime-Function-Error-Type"] == "SettingError"
    assert (report.body["errorType"], report.body["errorMessage"]) == ("SettingError", message)
    assert instance.process.wait() == 1
    # The runtime's own way to keep a traceback in one event.
    assert f"[ERROR] SettingError: {message}\rTraceback" in output.read_bytes().decode()


def test_what_outlives_its_deadline_is_killed_and_a_new_process_answers(world: World, start: Start) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    event = load("load_balancer")
    instance = start()
    instance.start()
    expected = instance.invoke(event)
    with locked_passports(world):
        instance.begin(event, seconds=1)
        wait_until(lambda: bool(waiting(world)))
        instance.kill()
        with pytest.raises(Ended):
            instance.invoke(event)
        fresh = start()
        fresh.start()
        fresh.begin(event)
        wait_until(lambda: len(waiting(world)) == 2)
    # What the killed process had asked for is finished by the server, for nobody.
    answered = fresh.answer()
    assert answered["statusCode"] == 200
    assert without_time(answered) == without_time(expected)
    wait_until(lambda: world.execute(SESSIONS)[0][0] <= 1)


def test_no_connection_is_in_a_snapshot(world: World, start: Start) -> None:
    """With SnapStart the process goes on, after its restore, in another place."""
    instance = start(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    instance.start()
    assert world.execute(SESSIONS) == [(0,)]
    instance.restore()
    world.put_valid(ADDRESS, "Github", "v0:g")
    assert instance.invoke(load("http_api"))["statusCode"] == 200


def test_the_schedule_checks_documents_within_its_time(world: World, start: Start, output: Path) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    ((ahead,),) = world.execute("select scorer.ensure_event_partitions(0)")
    same = {"months_ahead": ahead, "checks_removed": 0}
    instance = start(CHECK_AHEAD)
    instance.start()
    assert instance.invoke(SCHEDULED, seconds=5) == {"checked": 0, "kept": 0, "left": 1} | same
    assert instance.invoke(SCHEDULED, seconds=300) == {"checked": 1, "kept": 1, "left": 0} | same
    assert instance.invoke(SCHEDULED, seconds=300) == {"checked": 0, "kept": 0, "left": 0} | same
    line = json.loads(output.read_text().splitlines()[1])
    expected = {"event": "check_ahead", "checked": 1, "kept": 1, "left": 0} | same
    assert expected.items() <= line.items()


def test_a_schedule_that_cannot_reach_the_database_is_an_error_of_the_function(
    start: Start, output: Path
) -> None:
    instance = start(CHECK_AHEAD, DATABASE_URL="postgresql://service:wellkeptsecret@127.0.0.1:1/none")
    instance.start()
    told = instance.invoke(SCHEDULED)
    assert isinstance(told, Told)
    assert told.body["errorType"] == "Unavailable"
    assert "127.0.0.1" in told.body["errorMessage"]
    assert "wellkeptsecret" not in json.dumps(told.body) + output.read_text()
