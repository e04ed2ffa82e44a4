"""What commands print: a table for people, or JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

# Where nobody looks on, lines are not folded.
UNFOLDED = 1000


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the option --json, as the argument as_json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=text))


def show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], err: bool = False) -> None:
    """Prints the columns of rows, each under its name; err to standard error."""
    console = Console(stderr=err, highlight=False)
    if not console.is_terminal:
        console.width = UNFOLDED
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        # As it is: what a wallet's owner has stored could be markup, or move the cursor.
        table.add_row(*(plain(text(row[column])) for column in columns))
    console.print(table, markup=False)


def text(value: Any) -> str:
    """A value in words: times in UTC to the second, numbers without an exponent."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        # Of 1e999999999 the digits would fill the memory.
        case Decimal() if abs(value.adjusted()) < 100:
            return f"{value:f}"
    return str(value)


def plain(given: str) -> Any:
    """A text without what terminals obey."""
    from rich.text import Text

    return Text("".join(letter if letter.isprintable() else "?" for letter in given))


def say(line: str, err: bool = False) -> None:
    """Prints a line, without what terminals obey."""
    click.echo("".join(letter if letter.isprintable() else "?" for letter in line), err=err)
