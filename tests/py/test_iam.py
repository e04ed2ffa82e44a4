"""Signing in at the database with a password that is made for each connection."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from botocore.session import Session
from botocore.signers import generate_db_auth_token
from psycopg.conninfo import make_conninfo

from api import iam
from api.database import Database, MovedOut, Unavailable
from api.settings import SettingError, Settings
from harness.aws_credentials import PASSWORD, credentials_served
from harness.server import OwnServer

HOST = "scorer.proxy-abc123.us-west-2.rds.amazonaws.com"
TRUSTED = {"TRUSTED_IAM_ISSUERS": '["did:key:z6MkA"]'}
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}


def parts(token: str) -> tuple[str, str, dict[str, list[str]]]:
    """Place, path and parameters of a token, whose order is free."""
    url = urlsplit(f"https://{token}")
    return url.netloc, url.path, parse_qs(url.query, strict_parsing=True)


@pytest.mark.parametrize("session", ["", "FwoGZXIvYXdzEBYaD+/=="])
@pytest.mark.parametrize("user", ["scorer", "scorer reader+/ä~"])
@pytest.mark.parametrize(("host", "port"), [(HOST, "5432"), ("10.0.0.1", "6543")])
def test_a_token_is_what_aws_signs(host: str, port: str, user: str, session: str) -> None:
    aws = Session()
    client = aws.create_client(
        "rds",
        region_name="us-west-2",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=session or None,
    )
    theirs = parts(generate_db_auth_token(client, host, int(port), user))
    at = datetime.strptime(theirs[2]["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    keys = iam.Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], session)
    ours = iam.token(host, port, user, "us-west-2", keys, at)
    assert parts(ours) == theirs
    assert parts(iam.token(host, port, user + "x", "us-west-2", keys, at)) != theirs


def test_credentials_come_from_the_environment() -> None:
    expected = iam.Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], "session")
    assert iam.credentials(KEYS | {"AWS_SESSION_TOKEN": "session"}) == expected


@pytest.fixture
def place() -> Iterator[str]:
    with credentials_served({"AccessKeyId": "id", "SecretAccessKey": "secret", "Token": "session"}) as url:
        yield url


def test_credentials_come_from_the_place_that_the_environment_names(place: str) -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": place, "AWS_CONTAINER_AUTHORIZATION_TOKEN": PASSWORD}
    assert iam.credentials(environ) == iam.Credentials("id", "secret", "session")


@pytest.mark.parametrize("password", ["wrong", ""])
def test_without_credentials_the_database_is_unavailable(place: str, password: str) -> None:
    environ = {
        "AWS_REGION": "us-west-2",
        "DATABASE_IAM": "true",
        "DATABASE_URL": f"postgresql://scorer@{HOST}/db",
    }
    if password:
        environ |= {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": place,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": password,
        }
    settings = Settings.from_environment(TRUSTED | environ)
    with pytest.raises(Unavailable, match=r"^no password for the database: "):
        Database(settings.database_url, settings.database_password).ask_for_nobody()


def test_settings_give_a_token_of_the_url() -> None:
    url = f"postgresql://scorer@{HOST}/db"
    environ = TRUSTED | KEYS | {"AWS_REGION": "eu-west-1", "DATABASE_URL": url}
    assert Settings.from_environment(environ).database_password is None
    password = Settings.from_environment(environ | {"DATABASE_IAM": "true"}).database_password
    assert password
    netloc, _, parameters = parts(password())
    assert (netloc, parameters["DBUser"]) == (f"{HOST}:5432", ["scorer"])
    assert "/eu-west-1/rds-db/" in parameters["X-Amz-Credential"][0]


@pytest.mark.parametrize(
    "changed",
    [{"AWS_REGION": ""}, {"DATABASE_URL": "postgresql:///db"}, {"DATABASE_URL": f"postgresql://{HOST}/db"}],
)
def test_settings_say_what_iam_needs(changed: dict[str, str]) -> None:
    given = {
        "AWS_REGION": "eu-west-1",
        "DATABASE_URL": f"postgresql://scorer@{HOST}/db",
        "DATABASE_IAM": "true",
    }
    with pytest.raises(SettingError, match=r"^DATABASE_IAM needs"):
        Settings.from_environment(TRUSTED | given | changed)


def test_each_connection_has_a_password_of_its_own(own_server: OwnServer) -> None:
    """What was rotated is used by the next connection; the one that is open stays."""
    password = (f"password{number}" * 100 for number in itertools.count(1))
    with psycopg.connect(own_server.url, autocommit=True) as connection:
        connection.execute("create role scorer login")
        (own_server.data / "pg_hba.conf").write_text("local all scorer scram-sha-256\nlocal all all trust\n")
        connection.execute("select pg_reload_conf()")
        database = Database(make_conninfo(own_server.url, user="scorer"), lambda: next(password))
        for number in (1, 2):
            connection.execute(f"alter role scorer password '{f'password{number}' * 100}'".encode())
            for _ in range(2):
                # It is let in, to where nothing can be called.
                with pytest.raises(MovedOut):
                    database.ask_for_nobody()
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'scorer'"
            )
            with pytest.raises(Unavailable):
                database.ask_for_nobody()
        with pytest.raises(Unavailable, match="password authentication failed"):
            database.ask_for_nobody()
