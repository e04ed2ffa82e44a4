"""Moving the traffic, step by step and back, with nginx as deploy/nginx has it."""

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from urllib.request import Request, urlopen
from uuid import uuid4

import psutil
import pytest

from db.migrate import ROOT
from harness.balancer import Balancer, balanced, environment
from harness.invariants import lost, violations
from harness.load import load
from harness.neighbours import WALLETS, fill
from harness.patience import wait_until
from harness.service import Service
from harness.world import World
from local.issuer import Issuer

PAGE = ROOT / "docs/rollout.md"
STEPS = (
    (0, {"existing"}),
    (50, {"existing", "candidate"}),
    (100, {"candidate"}),
    (1, None),
    (0, {"existing"}),
)
REFUSED = {"101": "A share is", "-1": "A share is", "5 %": "A share is", "": "share PERCENT"}


@pytest.fixture
def services(world: World, serve: Callable[..., Service], issuer: Issuer) -> tuple[Service, Service]:
    fill(world)
    trusted = f'["{issuer.did}"]'
    existing, candidate = (serve(world.service_url, TRUSTED_IAM_ISSUERS=trusted) for _ in range(2))
    return existing, candidate


@pytest.fixture
def balancer(services: tuple[Service, Service]) -> Iterator[Balancer]:
    existing, candidate = services
    with balanced(existing.port, candidate.port) as balancer:
        yield balancer


def test_the_traffic_moves_step_by_step_and_back_without_an_error(world: World, balancer: Balancer) -> None:
    passports = [(address, 1) for address in WALLETS]

    def are_answered_by(services: set[str]) -> bool:
        return {answer["service"] for answer in balancer.answered()[-30:]} == services

    with load(balancer.port, world.key, passports) as result:
        # What workers from before a change have begun, they finish.
        for percent, services in STEPS:
            assert balancer.share(percent) == f"The candidate gets {percent} % of the requests for scores.\n"
            result.wait_for(20)
            if services:
                result.wait_until(partial(are_answered_by, services), f"{percent} %")
    assert set(result.by_status()) == {200}
    assert {answer["status"] for answer in balancer.answered()} == {200}
    assert violations(world.connection) == []
    assert lost(world.connection, result.answered()) == []


def test_what_the_candidate_cannot_answer_the_existing_service_does(
    world: World, services: tuple[Service, Service], balancer: Balancer
) -> None:
    balancer.share(100)
    with load(balancer.port, world.key, [(address, 1) for address in WALLETS]) as result:
        result.wait_for(20)
        candidate = psutil.Process(services[1].pid)
        for process in [candidate, *candidate.children(recursive=True)]:
            process.kill()
        result.wait_for(40)
    assert set(result.by_status()) == {200}


def test_scores_and_past_scores_of_a_wallet_are_asked_of_one_service_all_else_of_the_existing_one(
    world: World, services: tuple[Service, Service], balancer: Balancer
) -> None:
    world.add_key("pastpast.key", historical_endpoint=True)
    addresses = [f"0x{number:040x}" for number in range(24)]
    by_upstream = dict(zip([f"127.0.0.1:{s.port}" for s in services], ["existing", "candidate"], strict=True))

    def asked_of(path: str) -> str:
        headers = {"X-API-Key": "pastpast.key", "X-Request-ID": str(uuid4())}
        with urlopen(Request(f"http://127.0.0.1:{balancer.port}{path}", headers=headers)) as answer:
            assert answer.status == 200
        logged = balancer.logged(headers["X-Request-ID"])
        assert logged["service"] == by_upstream[logged["upstream"]]
        return by_upstream[logged["upstream"]]

    def are_asked(services: set[str]) -> bool:
        scores = [asked_of(world.path(address)) for address in addresses]
        past = [asked_of(f"{world.path(address)}/history?created_at=2100-01-01") for address in addresses]
        return past == scores and {*scores} == services

    for share, services_asked in STEPS[:3]:
        balancer.share(share)
        # Workers from before a change may take what comes at once.
        wait_until(partial(are_asked, services_asked))
        assert asked_of(f"/v2/stamps/{WALLETS[0]}") == "existing"


def test_a_share_that_is_none_changes_nothing(balancer: Balancer) -> None:
    before = (balancer.folder / "share.conf").read_text()
    for share, said in REFUSED.items():
        refused = subprocess.run(
            [balancer.folder / "share", share], env=environment(), check=False, capture_output=True, text=True
        )
        assert (refused.returncode, said in refused.stderr) == (2, True)
    (balancer.folder / "upstreams.conf").write_text("upstreams existing {}")
    refused = subprocess.run(
        [balancer.folder / "share", "5"], env=environment(), check=False, capture_output=True, text=True
    )
    assert (refused.returncode, "upstreams" in refused.stderr) == (1, True)
    assert (balancer.folder / "share.conf").read_text() == before


def test_the_page_gives_the_commands_that_are_there() -> None:
    """Those of make, of nginx and of the share, in the order of the steps."""
    page = PAGE.read_text()
    assert re.findall(r"deploy/nginx/share (\d+)", page) == ["1", "5", "25", "50", "100", "0"]
    for path in re.findall(r"`(deploy/[\w./]+)`", page):
        assert (ROOT / path).exists()
