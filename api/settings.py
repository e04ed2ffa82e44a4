"""The settings of the service, read from the environment."""

import json
import math
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from api.shapes import is_issuer

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}


class SettingError(Exception):
    """A setting is missing or cannot be used; the message is one line for the operator."""


class Settings(NamedTuple):
    """What the service is told from outside."""

    database_url: str
    trusted_issuers: frozenset[str]
    human_points_enabled: bool = False
    human_points_start: datetime | None = None
    # The scorer that negative scorer ids stand for.
    demo_scorer_id: int | None = None
    # The key that is given the demo answers.
    demo_api_key: str | None = None
    # Gives a password for each connection that is opened; where there is none, the URL's is used.
    database_password: Callable[[], str] | None = None
    # A level of logging, and the share of successful requests that leave a line.
    log_level: str = "INFO"
    log_sample: float = 1.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Reads DATABASE_URL, DATABASE_IAM, TRUSTED_IAM_ISSUERS, HUMAN_POINTS_ENABLED,
        HUMAN_POINTS_START_TIMESTAMP, DEMO_SCORER_ID, DEMO_API_KEY, LOG_LEVEL and LOG_SAMPLE; raises
        SettingError."""
        url = database_url(environ.get("DATABASE_URL", "").strip())
        return cls(
            database_url=url,
            trusted_issuers=trusted_issuers(environ.get("TRUSTED_IAM_ISSUERS", "")),
            human_points_enabled=boolean("HUMAN_POINTS_ENABLED", environ),
            human_points_start=timestamp("HUMAN_POINTS_START_TIMESTAMP", environ),
            demo_scorer_id=scorer_id("DEMO_SCORER_ID", environ),
            demo_api_key=demo_api_key(environ.get("DEMO_API_KEY", "").strip()),
            database_password=iam_password(url, environ) if boolean("DATABASE_IAM", environ) else None,
            log_level=level("LOG_LEVEL", environ),
            log_sample=share("LOG_SAMPLE", environ),
        )


def database_url(text: str) -> str:
    """A connection URL, or libpq's keyword=value form."""
    if not text:
        raise SettingError("DATABASE_URL is not set: give the database as a postgresql:// URL.")
    try:
        conninfo_to_dict(text)
    except ProgrammingError:
        # The error would repeat the text, and that may hold a password.
        raise SettingError("DATABASE_URL is not a postgresql:// URL.") from None
    return text


def iam_password(url: str, environ: Mapping[str, str]) -> Callable[[], str]:
    """What gives a token of IAM for the user of a database URL, each time anew."""
    # Imported where it is needed: others need not wait for it.
    from api import iam

    given = conninfo_to_dict(url)
    host, user, region = (
        str(each or "") for each in (given.get("host"), given.get("user"), environ.get("AWS_REGION"))
    )
    if not (host and user and region):
        raise SettingError("DATABASE_IAM needs a DATABASE_URL with host and user, and AWS_REGION.")
    port = str(given.get("port") or 5432)
    return lambda: iam.token(host, port, user, region, iam.credentials(environ), datetime.now(UTC))


def trusted_issuers(text: str) -> frozenset[str]:
    """The DIDs of a JSON array, each one that a document's issuer can be. At least one: else everybody would
    be given a score of 0."""
    try:
        issuers = json.loads(text.strip() or "[]")
    except (ValueError, RecursionError):
        issuers = None
    if not isinstance(issuers, list):
        raise SettingError(
            'TRUSTED_IAM_ISSUERS is not a JSON array of did:key or did:ethr DIDs, as ["did:key:z6Mk..."].'
        )
    for number, issuer in enumerate(issuers, 1):
        if not is_issuer(issuer):
            raise SettingError(
                f"TRUSTED_IAM_ISSUERS: number {number} is no DID that a document can have: did:key:z and the "
                "key, or did:ethr:0x and the 40 or 66 hexadecimal digits of the address or key."
            )
    if not issuers:
        raise SettingError("TRUSTED_IAM_ISSUERS names no issuer: give the DIDs whose credentials count.")
    return frozenset(issuers)


def boolean(name: str, environ: Mapping[str, str]) -> bool:
    """A setting that is true or false; false where absent."""
    try:
        return BOOLEANS[environ.get(name, "").strip().lower()]
    except KeyError:
        raise SettingError(f"{name} is neither true nor false.") from None


def timestamp(name: str, environ: Mapping[str, str]) -> datetime | None:
    """A setting in seconds since 1970; None where absent."""
    text = environ.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise SettingError(f"{name} is not a number of seconds since 1970.") from None


def scorer_id(name: str, environ: Mapping[str, str]) -> int | None:
    """A setting that is the id of a scorer; None where absent."""
    text = environ.get(name, "").strip()
    if text and not (len(text) < 19 and text.isascii() and text.isdecimal()):
        raise SettingError(f"{name} is not the id of a scorer.")
    return int(text) if text else None


def level(name: str, environ: Mapping[str, str]) -> str:
    """A setting that is a level of logging; INFO where absent."""
    text = environ.get(name, "").strip().upper() or "INFO"
    if text not in LEVELS:
        raise SettingError(f"{name} is none of {', '.join(LEVELS)}.")
    return text


def share(name: str, environ: Mapping[str, str]) -> float:
    """A setting that is a number from 0 to 1; 1 where absent."""
    text = environ.get(name, "").strip() or "1"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise SettingError(f"{name} is not a number from 0 to 1.")
    return number


def demo_api_key(text: str) -> str | None:
    """A key as a client can send it; None where absent."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise SettingError("DEMO_API_KEY is no key: give printable ASCII characters without a space.")
    return text or None
