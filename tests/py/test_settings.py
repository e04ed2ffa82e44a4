"""The settings, and the one line that a bad one stops the service with."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from api.settings import SettingError, Settings
from db.migrate import ROOT

URL = {"DATABASE_URL": "postgresql://db/scorer"}
ETHR = "did:ethr:0x" + "a1" * 20
TRUSTED = {"TRUSTED_IAM_ISSUERS": '["did:key:z6MkA"]'}


def test_settings_are_read() -> None:
    settings = Settings.from_environment(
        URL
        | {
            "TRUSTED_IAM_ISSUERS": json.dumps(["did:key:z6MkA", ETHR]),
            "HUMAN_POINTS_ENABLED": "True",
            "HUMAN_POINTS_START_TIMESTAMP": "1750000000",
            "DEMO_SCORER_ID": "335",
            "LOG_LEVEL": "warning",
            "LOG_SAMPLE": "0.25",
        }
    )
    assert settings == Settings(
        "postgresql://db/scorer",
        frozenset(["did:key:z6MkA", ETHR]),
        True,
        datetime.fromtimestamp(1750000000, UTC),
        335,
        log_level="WARNING",
        log_sample=0.25,
    )


def test_no_points_are_given_by_default() -> None:
    assert Settings.from_environment(URL | TRUSTED) == Settings(
        URL["DATABASE_URL"], frozenset(["did:key:z6MkA"])
    )


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": " "}, "DATABASE_URL"),
        ({"DATABASE_URL": "host"}, "DATABASE_URL"),
        ({}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": ""}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": " "}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": "[]"}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": '["did:web:a.example"]'}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": "[" * 100_000}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": "did:key:a"}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": '"did:key:a"'}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": "[1]"}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": '[""]'}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": '["did:key:"]'}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": '["did:key:6MkA"]'}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": '["did:ethr:0x12"]'}, "TRUSTED_IAM_ISSUERS"),
        ({"TRUSTED_IAM_ISSUERS": json.dumps([ETHR, f"{ETHR}#controller"])}, "TRUSTED_IAM_ISSUERS: number 2 "),
        ({"TRUSTED_IAM_ISSUERS": json.dumps([f"{ETHR}\n"])}, "TRUSTED_IAM_ISSUERS"),
        (TRUSTED | {"HUMAN_POINTS_ENABLED": "maybe"}, "HUMAN_POINTS_ENABLED"),
        (TRUSTED | {"HUMAN_POINTS_START_TIMESTAMP": "tomorrow"}, "HUMAN_POINTS_START_TIMESTAMP"),
        (TRUSTED | {"HUMAN_POINTS_START_TIMESTAMP": "9" * 30}, "HUMAN_POINTS_START_TIMESTAMP"),
        (TRUSTED | {"DEMO_SCORER_ID": "-1"}, "DEMO_SCORER_ID"),
        (TRUSTED | {"DEMO_SCORER_ID": "9" * 19}, "DEMO_SCORER_ID"),
        (TRUSTED | {"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        (TRUSTED | {"LOG_SAMPLE": "1.1"}, "LOG_SAMPLE"),
        (TRUSTED | {"LOG_SAMPLE": "nan"}, "LOG_SAMPLE"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(environment: dict[str, str], name: str) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_environment(URL | environment)
    assert str(raised.value).startswith(name)
    assert "\n" not in str(raised.value)
    served = [
        subprocess.Popen(
            [sys.executable, "-c", f"import {module}"],
            cwd=ROOT,
            env=os.environ | URL | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for module in ("api.wsgi", "api.aws_lambda", "api.check_ahead_lambda")
    ]
    wsgi, *functions = (process.communicate()[1] for process in served)
    assert {process.returncode for process in served} == {1}
    assert json.loads(wsgi)["message"] == str(raised.value)
    # To Lambda it is an error like any other, of which it reports type and message.
    for printed in functions:
        assert printed.endswith(f"\napi.settings.SettingError: {raised.value}\n")
