"""Questions that the operator's book answers from the log: its commands run on a log of the service, and its
queries, as the dashboard's, name only what such lines have."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from db.migrate import ROOT
from harness import jq
from harness.pages import OPERATIONS, command, run
from harness.server import connect
from harness.service import Service
from harness.template import dashboard, read
from harness.world import World
from local import demo

pytestmark = [pytest.mark.http, pytest.mark.own_tables, pytest.mark.newest]

COMMANDS = [
    command("a request by its id"),
    command("latency"),
    command("score statistics"),
    command("cold starts"),
    command("who is refused"),
    command("which wallets lose stamps"),
    command("stamps lost by reason"),
]
SLOW = command("slow database calls")
# Times differ from run to run.
TIME = re.compile(r'"(\w+_ms|p\d\d)":[\d.]+')
# Words of CloudWatch Logs Insights; its functions stand before a parenthesis.
WORDS = {
    "and",
    "as",
    "asc",
    "by",
    "desc",
    "fields",
    "filter",
    "in",
    "like",
    "limit",
    "not",
    "or",
    "sort",
    "stats",
}
FIELD = re.compile(r"(?<![\w@.])[a-z_]\w*(?!\w*\()")


def shown(text: str) -> str:
    """What the page says that a block of commands prints, without its times."""
    page = OPERATIONS.read_text()
    (output,) = re.findall(
        r"```\n\n```text\n(.*?)```", page[page.index(text) :][: len(text) + 2000], re.DOTALL
    )[:1]
    return timeless(output)


def timeless(output: str) -> str:
    return TIME.sub(r'"\1":0', output)


def queries() -> list[str]:
    """Those of the page, and of the dashboard."""
    widgets = [widget["properties"] for widget in dashboard(read())["widgets"]]
    asked = [widget["query"].partition("|")[2] for widget in widgets if "query" in widget]
    assert len(asked) == 2
    return re.findall(r"```insights\n(.*?)```", OPERATIONS.read_text(), re.DOTALL) + asked


def fields(query: str) -> set[str]:
    """Whose values a query asks for, other than CloudWatch's own, which begin with @."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|/[^/]*/", "", query)
    made = set(re.findall(r"\bas (\w+)", bare))
    return set(FIELD.findall(bare)) - WORDS - made


def test_the_fields_of_a_query_are_found() -> None:
    query = """filter a = 'b' and (ispresent(@c) or d like /e f/)
        | stats count(*) as g, sum(h_1) as i by bin(5m), j | sort g"""
    assert fields(query) == {"a", "d", "h_1", "j"}


@pytest.fixture
def log(world: World, serve: Callable[..., Service], tmp_path: Path) -> Path:
    """A log of requests of all kinds on the data of make run, and a few credentials that do not count."""
    demo.load(world.url, world.issuer)
    world.execute("update scorer_weighted_binaryweightedscorer set weights = %s", json.dumps(demo.WEIGHTS))
    world.put(demo.CLASHING, "Github", {})
    expired = world.issuer.credential(demo.FAILING, "Github", ["v1:x"], "2020-01-01T00:00:00Z")
    world.put(demo.FAILING, "Github", expired)
    forged = world.issuer.credential(demo.FAILING, "Ens", ["v1:y"])
    forged["credentialSubject"]["nullifiers"] = ["v1:z"]
    world.put(demo.FAILING, "Ens", forged)
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))

    def ask(request_id: str, path: str, key: str = demo.KEY) -> int:
        return service.get(path, X_API_Key=key, X_Request_ID=request_id)[0]

    for number, wallet in enumerate(demo.STAMPS, 1):
        assert ask(f"wallet-{number}", world.path(wallet)) == 200
    assert ask("nobody", world.path(demo.PASSING), "none.such") == 401
    assert ask("nowhere", world.path(demo.PASSING, 999)) == 404
    world.execute("alter function answer_request set lock_timeout = '200ms'")
    with closing(connect(world.url)) as session, session.transaction():
        session.execute("select from registry_passport for update")
        assert ask("of-client", world.path(demo.PASSING)) == 503
    world.execute("update account_apikey set rate_limit = '1/d' where prefix = 'demo'")
    assert [ask(f"limited-{number}", world.path(demo.PASSING)) for number in range(3)] == [200, 429, 429]
    file = tmp_path / "service.log"
    file.write_text(service.output.read_text())
    return file


def test_the_page_answers_from_the_log(log: Path) -> None:
    """To the letter, but for times; of what is slow there may be more on a slow machine."""

    def answer(text: str) -> str:
        return timeless(run(text, log.parent, None, ROOT, **jq.environment()).stdout)

    assert [answer(text) for text in COMMANDS] == [shown(text) for text in COMMANDS]
    assert shown(SLOW) in answer(SLOW)


def test_a_request_that_did_not_fail_is_found_too(log: Path) -> None:
    text = command("a request by its id").replace("of-client", "wallet-1")
    found = json.loads(run(text, log.parent, None, ROOT, **jq.environment()).stdout)
    assert (found["status"], found["outcome"], found["error"]) == (200, "scored", None)


def test_queries_name_only_what_lines_have(log: Path) -> None:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    known = set().union(*lines)
    asked = queries()
    assert len(asked) == 10
    for query in asked:
        assert fields(query) <= known, query
