"""What keeps a comparison from being made."""


class CannotRun(Exception):
    """The comparison cannot be made as it was asked for; the message is for the operator; it holds no key."""
