"""What a request is refused with."""

from dataclasses import dataclass

UNEXPECTED = "Unexpected error while submitting passport"
UNAVAILABLE = "The service is temporarily unavailable. Please try again."
UNFINISHED = "The credentials of this address are still being checked. Please try again."


@dataclass
class Refused(Exception):
    """The request cannot be answered as it stands: HTTP status and what to tell the client."""

    status: int
    detail: str
