"""RFC 3339 times, as credentials hold them."""

import re
from datetime import UTC, datetime

FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def time_of(text: object) -> datetime | None:
    """The time in UTC that an RFC 3339 text names, cut to microseconds; None for anything else."""
    if not isinstance(text, str) or not FORM.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
