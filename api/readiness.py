"""Whether the service can answer requests."""

from api import request_log
from api.database import Database, Detached, MovedOut, Unavailable, Unforeseen
from api.settings import Settings


def missing(database: Database, settings: Settings) -> str | None:
    """What the service lacks, in a sentence for anybody; None where it lacks nothing. The log has the
    cause."""
    if not settings.trusted_issuers:
        return "No issuer is trusted."
    try:
        database.ask_for_nobody()
    except (Unavailable, Unforeseen) as error:
        request_log.failed("not_ready", error)
        match error:
            case Detached():
                return "The database's tables are being changed."
            case Unforeseen() | MovedOut():
                return "The database's schema is not the one that this version needs."
        return "The database does not answer."
    return None
