"""Writes the template that is deployed, deploy/versioned.yaml: python -m deploy.versioned

SAM publishes a version of the function where the text of its properties changes. That the value of a
parameter changes it does not see, and the alias would go on with the settings before. So the function's
description names its settings, by a digest.
"""

import hashlib
import re
import secrets
import shlex
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DESCRIPTION = "Description: Answers requests for scores."
# The other form in which SAM takes a parameter, besides Name=value.
KEY_AND_VALUE = re.compile(r"ParameterKey=(\w+),ParameterValue=(.*)", re.DOTALL)


def main(arguments: Sequence[str], folder: Path = FOLDER) -> None:
    """Writes it into the folder, in which SAM looks for samconfig.toml; arguments are those that SAM is given
    besides."""
    # These may bring settings that samconfig.toml does not hold, or not yet.
    digest = secrets.token_hex(5) if arguments else settings(folder)
    (folder / "versioned.yaml").write_text(versioned((FOLDER / "template.yaml").read_text(), digest))


def versioned(template: str, digest: str) -> str:
    """The template, whose function's description names its settings."""
    assert template.count(DESCRIPTION) == 1
    return template.replace(DESCRIPTION, f"{DESCRIPTION[:-1]}, with settings {digest}.")


def settings(folder: Path) -> str:
    """A digest of the parameters in samconfig.toml that a version of the function keeps."""
    path = folder / "samconfig.toml"
    commands = tomllib.loads(path.read_text()).get("default", {}) if path.exists() else {}
    kept = kept_parameters((FOLDER / "template.yaml").read_text())
    given = []
    for command in commands.values():
        words = command.get("parameters", {}).get("parameter_overrides", [])
        words = shlex.split(words if isinstance(words, str) else " ".join(words))
        words = [KEY_AND_VALUE.sub(r"\1=\2", word) for word in words]
        given += [word for word in words if word.partition("=")[0] in kept]
    return hashlib.sha256("\n".join(sorted(given)).encode()).hexdigest()[:10]


def kept_parameters(template: str) -> set[str]:
    """The names of those that a version of the function keeps: of what all functions have, and its memory."""
    shared = template.partition("\nGlobals:\n")[2].partition("\nResources:\n")[0]
    return {"MemorySize", *re.findall(r"(?:!Ref |\$\{)(\w+)", shared)}


if __name__ == "__main__":
    main(sys.argv[1:])
