"""The memory of the packaged function, over as many invocations as an environment may live for."""

import json
import os
import subprocess

import psutil
import pytest

from api import memory
from bench.cases import Wallets
from bench.function import endured, event
from harness.lambda_runtime import Function, Start
from harness.world import World

# Takes most of a minute, and neither PgBouncer nor whose the tables are shows in it.
pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

# What Python knows of the id once the runtime has set it, and whether a program that is started does.
SET = """
import json, os, subprocess
from api.aws_lambda import handler
from awslambdaric.bootstrap import update_xray_env_variable
update_xray_env_variable("Root=1-0")
told = subprocess.run(["/usr/bin/env"], capture_output=True, text=True).stdout
print(json.dumps([os.environ["_X_AMZN_TRACE_ID"], "Root=1-0" in told]))
"""


def test_memory_is_flat(world: World, start: Start) -> None:
    """Of 10,000 invocations the last tenth needs hardly more than the second."""
    addresses = Wallets(world, world.issuer, 8).filled(20)
    instance = start()
    instance.start()
    assert endured(instance, [event(world, address) for address in addresses], 10_000) == 0
    # With room for what Lambda itself needs.
    assert psutil.Process(instance.process.pid).memory_info().rss < 128e6


def test_the_id_that_each_invocation_sets_is_kept_to_python(world: World, function: Function) -> None:
    settings = {"DATABASE_URL": world.service_url, "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did])}
    told = function.run(SET, **settings)
    assert json.loads(told.stdout) == ["Root=1-0", False]


def test_what_is_kept_to_python_is_set_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "putenv", os.putenv)
    memory.keep_to_python(b"KEPT")
    monkeypatch.setenv("KEPT", "here")
    monkeypatch.setenv("TOLD", "all")
    assert (os.environ["KEPT"], os.environ["TOLD"]) == ("here", "all")
    told = subprocess.run(["env"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert "TOLD=all" in told
    assert "KEPT=here" not in told
