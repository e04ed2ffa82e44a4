"""What made a request, or a wallet of a batch, fail, and what its client is told."""

import traceback

from api import request_log
from api.database import Misconfigured, Unavailable, Unfinished
from api.refused import UNAVAILABLE, UNEXPECTED, UNFINISHED


def failed(error: Exception) -> tuple[int, str]:
    """Notes an error in the record of what it made fail; gives the status and the detail of the answer."""
    match error:
        case Unfinished():
            outcome, status, detail = "unfinished", 503, UNFINISHED
        case Unavailable():
            outcome, status, detail = "unavailable", 503, UNAVAILABLE
        case Misconfigured():
            outcome, status, detail = "misconfigured", 500, UNEXPECTED
        case _:
            outcome, status, detail = "unforeseen", 500, UNEXPECTED
            request_log.current()["traceback"] = "".join(traceback.format_exception(error))
    request_log.failed(outcome, error)
    return status, detail
