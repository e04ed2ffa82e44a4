"""The log: one event is one line, whatever it tells of."""

import logging


class OneLine(logging.Filter):
    """Put on a handler, has it write each record, traceback included, as one line of printable characters."""

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self._formatter.formatException(record.exc_info)}"
        record.msg, record.args = escaped(message), None
        record.exc_info = record.exc_text = None
        return True


def escaped(text: str) -> str:
    """The text with what is not printable, such as line breaks and what terminals obey, as Python writes
    it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
