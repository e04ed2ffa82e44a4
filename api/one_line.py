"""The log: one event is one line, whatever it tells of."""

import logging

# Of a pipe 4,096 bytes are written in one piece; what stands before a message needs some of them.
LONGEST = 3800


class OneLine(logging.Filter):
    """Put on a handler, has it write each record, traceback included, as one line of printable characters."""

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self._formatter.formatException(record.exc_info)}"
        record.msg, record.args = shortened(escaped(message)), None
        record.exc_info = record.exc_text = None
        return True


def shortened(text: str) -> str:
    """The text, of a long one the beginning and the end: what several processes write to one pipe stays apart
    only where each event is written in one piece."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} [...] {text[-LONGEST // 2 :]}"


def escaped(text: str) -> str:
    """The text with what is not printable, such as line breaks and what terminals obey, as Python writes
    it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
