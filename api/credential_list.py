"""GET /v2/stamps/{address}: a wallet's live credentials, a page at a time.

A page's token says where it begins, in the form of the existing service: a client that pages while traffic
moves from one service to the other is understood by both.
"""

import base64
import json
from typing import NamedTuple
from urllib.parse import urlencode

from api import request_log
from api.asking import ask
from api.database import Database
from api.rate_limit import Allowance
from api.refused import Refused
from api.scoring import ADDRESS, INVALID_ADDRESS, integer, retried

MAX_LIMIT = 1000
# The largest id that a row can have.
MAX_ID = 2**63 - 1


class Page(NamedTuple):
    """Which credentials: so many of those older, or newer, than the one of an id."""

    limit: int
    older_than: int | None = None
    newer_than: int | None = None


def credentials(
    database: Database,
    key: str | None,
    address: str,
    given: dict[str, str],
    url: str,
    max_bytes: int,
    allowance: Allowance,
) -> str:
    """The answer as JSON text, of at most about max_bytes; given is the query, url that of the first page.
    Raises Refused, Unavailable."""
    refused = page = None
    try:
        page = page_of(address, given)
    except Refused as error:
        # The key is checked first.
        refused = error
    arguments = {
        "address": address.lower() if page else None,
        "limit": page and page.limit,
        "older_than": page and page.older_than,
        "newer_than": page and page.newer_than,
        "max_bytes": max_bytes,
    }
    wallet = address.lower() if ADDRESS.fullmatch(address) else None
    request_log.asks(None, wallet)
    reply = retried(lambda: ask(database.answer_credentials, key, arguments, allowance))
    if wallet and refused:
        request_log.current()["outcome"] = "invalid_query"
    if refused or not page:
        raise refused or AssertionError
    following = link(url, page, "next", reply.next_id)
    previous = link(url, page, "prev", reply.prev_id)
    return f'{{"next": {json.dumps(following)}, "prev": {json.dumps(previous)}, "items": {reply.items}}}'


def page_of(address: str, given: dict[str, str]) -> Page:
    """Which page is asked for; raises Refused."""
    if not ADDRESS.fullmatch(address):
        raise Refused(400, INVALID_ADDRESS)
    limit = integer(given.get("limit", str(MAX_LIMIT)))
    if limit is None:
        raise Refused(422, "limit is not an integer.")
    if not 1 <= limit <= MAX_LIMIT:
        raise Refused(400, f"Invalid limit. Give one from 1 to {MAX_LIMIT}.")
    token = given.get("token", "")
    try:
        cursor = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) if token else {}
        match cursor:
            # True and false are integers to Python.
            case {"id": bool()}:
                pass
            case {"d": "next", "id": int(id_)} if 0 <= id_ <= MAX_ID:
                return Page(limit, older_than=id_)
            case {"d": "prev", "id": int(id_)} if 0 <= id_ <= MAX_ID:
                return Page(limit, newer_than=id_)
    except (ValueError, RecursionError):
        cursor = None
    if cursor == {} and not token:
        return Page(limit)
    raise Refused(404, "There is no page of this token: follow next or prev, or ask without one.")


def link(url: str, page: Page, direction: str, id_: int | None) -> str | None:
    """The URL of the page in a direction from the credential of an id; None where there is none."""
    if id_ is None:
        return None
    cursor = json.dumps({"d": direction, "id": id_}).encode()
    token = base64.urlsafe_b64encode(cursor).rstrip(b"=").decode()
    return f"{url}?{urlencode({'token': token, 'limit': page.limit})}"
