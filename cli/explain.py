"""scorer explain: why a wallet has its score."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import click

from cli.connection import ID, Failed, Row, call, is_embedded
from cli.output import json_option, say, show_json, show_table, text

EXPLAIN = """
select scorer.explain_score(
    p_address => %(address)s,
    p_scorer_id => %(scorer_id)s,
    p_trusted_issuers => %(trusted_issuers)s,
    p_verifier => %(verifier)s,
    p_checks => %(checks)s
) as score
"""


@click.command()
@click.argument("address")
@click.option("--scorer", "scorer_id", type=ID, required=True, help="The community's id.")
@click.option(
    "--check/--no-check", default=True, help="Check documents that were never checked; keeps nothing."
)
@json_option
def explain(address: str, scorer_id: int, check: bool, as_json: bool) -> None:
    """Which credentials of ADDRESS count, and why the others do not, by the rules of a request.

    TRUSTED_IAM_ISSUERS has to be the service's. Nothing is written.
    """
    explained = explanation(call, trusted_issuers(), address, scorer_id, check)
    if as_json:
        show_json(explained)
    else:
        show(explained)


def explanation(
    ask: Callable[..., list[Row]], issuers: Iterable[str], address: str, scorer_id: int, check: bool
) -> Row:
    """What explain_score says, asked as call asks; with the checks of documents that were never checked, if
    so."""
    # Imported here: didkit takes a while.
    from api import credentials

    arguments: dict[str, Any] = {
        "address": address,
        "scorer_id": scorer_id,
        "trusted_issuers": sorted(issuers),
        "verifier": credentials.VERIFIER,
        "checks": "[]",
    }
    (row,) = ask(EXPLAIN, **arguments)
    documents = [each.pop("document") for each in row["score"]["credentials"] if "document" in each]
    if documents and check:
        checks = credentials.as_json(credentials.check(list(dict.fromkeys(documents))))
        (row,) = ask(EXPLAIN, **arguments | {"checks": checks})
        for each in row["score"]["credentials"]:
            each.pop("document", None)
    explained: Row = row["score"]
    return explained


def trusted_issuers() -> frozenset[str]:
    """TRUSTED_IAM_ISSUERS; without it, on the embedded database, the issuer of the demo data."""
    from api import settings

    given = os.environ.get("TRUSTED_IAM_ISSUERS", "")
    if not given.strip() and is_embedded():
        from local import demo

        rows = call("select issuer from scorer.list_credentials(%(address)s)", address=demo.PASSING)
        return frozenset(row["issuer"] for row in rows)
    try:
        return settings.trusted_issuers(given)
    except settings.SettingError as error:
        raise Failed(str(error)) from None


def show(explained: Row) -> None:
    """The score, a table of the credentials, and of each that does not count why."""
    say(f"{explained['address']} in community {explained['scorer_id']}, {explained['community']}:")
    say(verdict(explained))
    if stored := explained["stored"]:
        say(f"Last scored at {stored['last_score_timestamp']}: {stored['score']}.")
    found = explained["credentials"]
    if not found:
        say("The wallet has stored no credential.")
        return
    say("")
    show_table(found, ["id", "provider", "counts", "reason", "weight", "expires_at"])
    for each in found:
        if not each["counts"]:
            say("")
            for line in reasons(each, explained["address"]):
                say(line)


def verdict(explained: Row) -> str:
    if explained["outcome"] == "too_many_credentials":
        return "It is refused: it has stored more credentials than a request may read."
    passes = "passes" if explained["passing_score"] else "does not pass"
    line = f"score {explained['score']}, {passes} the threshold {explained['threshold']}"
    if explained["expiration_timestamp"]:
        line += f"; expires at {explained['expiration_timestamp']}"
    if explained["outcome"] == "unchecked":
        line += "; without what has never been checked"
    return line + "."


def reasons(credential: Row, address: str) -> list[str]:
    """Why a credential does not count, and what would change it, a sentence a line."""
    lines = [f"{credential['provider']} ({credential['id']}), {credential['reason']}: {credential['why']}"]
    if credential["reason"] == "deduped":
        lines += [
            f"  {link['nullifier']} is held by {link['owner']} until {link['until']}."
            for link in credential["nullifiers"]
            if link["owner"] not in (None, address)
        ]
    if credential["reason"] == "untrusted_issuer":
        lines.append(f"  Issuer: {text(credential['issuer'])}")
    if credential["reason"] == "expired":
        lines.append(f"  At {credential['expires_at']}.")
    if credential["reason"] == "future_proof":
        lines.append(f"  Dated {credential['signed_at']}.")
    return [*lines, f"  What would change it: {credential['change']}"]
