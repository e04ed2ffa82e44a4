"""The commands of a page of docs, each with the mark that says which test runs it or why none does.

A mark stands in a line of its own before the block: <!-- run: name -->, or, as readers are to see it too,
*Not run by the tests: why.*
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from textwrap import dedent

from db.migrate import ROOT

OPERATIONS = ROOT / "docs/operations.md"
MARK = re.compile(r"<!-- run: (?P<name>.+) -->|\*Not run by the tests: (?P<why>.+)\.\*")
FENCE = re.compile(r"\s*```(?P<language>\w*)$")
# What a command prints, a file holds or CloudWatch is asked is no command.
OTHER = ("text", "json", "toml", "insights")


@dataclass(frozen=True)
class Block:
    """A block of commands: line is where it begins; name or why is what its mark says."""

    line: int
    text: str
    name: str | None
    why: str | None


def command(name: str, page: Path = OPERATIONS) -> str:
    """The block that a page marks by the name."""
    (found,) = (block.text for block in blocks(page) if block.name == name)
    return found


def blocks(page: Path) -> Iterator[Block]:
    """Blocks in fences, and indented ones, in order; their text without the indent that all lines share."""
    lines = page.read_text().splitlines()
    number, before = 0, ""
    while number < len(lines):
        line, begin = lines[number], number
        if fence := FENCE.match(line):
            end = next(n for n in range(number + 1, len(lines)) if lines[n].strip() == "```")
            inside, number = lines[number + 1 : end], end + 1
            if fence["language"] not in OTHER:
                yield block(begin, inside, before)
        elif line.startswith("    ") and not before_is_text(lines, number):
            while number < len(lines) and (lines[number].startswith("    ") or not lines[number].strip()):
                number += 1
            yield block(begin, lines[begin:number], before)
        else:
            number += 1
        if line.strip():
            before = line.strip()


def before_is_text(lines: list[str], number: int) -> bool:
    """Whether a line goes on with the paragraph above it."""
    return number > 0 and bool(lines[number - 1].strip())


def block(number: int, lines: list[str], before: str) -> Block:
    mark = MARK.fullmatch(before)
    text = f"{dedent(chr(10).join(lines)).strip()}\n"
    return Block(number + 1, text, mark and mark["name"], mark and mark["why"])


def run(
    text: str, folder: Path, programs: Path | None = None, where: Path = ROOT, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Runs commands in a folder, where make has the targets of the checkout, without what installs; they work
    in where. scorer is there too. programs is where PostgreSQL's are looked for first. Raises AssertionError
    where they fail."""
    makefile = re.sub(r"\t@local/install .*\n", "", (ROOT / "Makefile").read_text())
    python = f"cd {quote(str(where))} && {quote(sys.executable)}"
    (folder / "Makefile").write_text(makefile.replace("python = .venv/bin/python", f"python = {python}"))
    (folder / "bin").mkdir(exist_ok=True)
    scorer = folder / "bin/scorer"
    scorer.write_text(f'#!/bin/sh\nPYTHONPATH={quote(str(ROOT))} exec {quote(sys.executable)} -m cli "$@"\n')
    scorer.chmod(0o755)
    path = os.pathsep.join([str(folder / "bin"), *([str(programs)] if programs else []), os.environ["PATH"]])
    ended = subprocess.run(
        ["sh", "-ec", text.replace(".venv/bin/python", quote(sys.executable))],
        cwd=folder,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended
