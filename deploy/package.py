"""Builds the Lambda function's packages, without Docker: python -m deploy.package

The wheels that requirements/service.txt pins by hash, for Amazon Linux, and api/; with bytecode, which a
function cannot write into its read-only folder. The same commit gives the same bytes, in whatever folder.
Prints the size, and where this machine can run it the time that its import takes.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = "3.12"
# Lambda's name of an architecture, and uv's of the platform: of wheels that run on glibc 2.28. Amazon Linux
# 2023, on which Lambda runs Python 3.12, has 2.34.
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
HOST = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
# Where Lambda unpacks it: what tracebacks name.
TASK_ROOT = "/var/task"
# What only a shell, an installer, a type checker or a compiler reads. Of each package its version and its
# licence stay.
NEEDLESS = (
    "bin/*",
    ".lock",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/uv_cache.json",
    "**/*.pyi",
    "**/py.typed",
    "**/*.c",
)
# The earliest date that a zip can hold.
DATE = (1980, 1, 1, 0, 0, 0)
UV = (sys.executable, "-m", "uv")
IMPORTS = 5
IMPORT = """
import time
start, processor = time.perf_counter(), time.process_time()
import api.aws_lambda
print(time.perf_counter() - start, time.process_time() - processor)
"""


class NoPython(Exception):
    """There is no Python of the function's version; the message is one line for whoever builds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit status: 1 where it cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m deploy.package", description=__doc__)
    parser.add_argument("--arch", choices=PLATFORMS, help="one of them; default both")
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="the folder; default build")
    given = parser.parse_args(arguments)
    try:
        python = function_python()
        for arch in [given.arch] if given.arch else PLATFORMS:
            path = given.output / f"passport-scorer-{arch}.zip"
            build(arch, path, python)
            print(described(path, arch, python), flush=True)
    except NoPython as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"Not built: {error.stderr.strip()}", file=sys.stderr)
        return 1
    return 0


def build(arch: str, path: Path, python: str) -> None:
    """Builds the package of an architecture; python is of the function's version. Raises
    CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        contents = Path(folder)
        install(arch, contents)
        shutil.copytree(ROOT / "api", contents / "api", ignore=shutil.ignore_patterns("__pycache__"))
        compile_all(contents, python)
        path.parent.mkdir(parents=True, exist_ok=True)
        archive(contents, path)


def install(arch: str, folder: Path) -> None:
    """Puts the wheels' contents into a folder, less what is needless."""
    run(
        *(*UV, "pip", "install", "--quiet", "--no-config"),
        *("--require-hashes", "--only-binary", ":all:", "--no-deps"),
        *("--python-platform", PLATFORMS[arch], "--python-version", VERSION),
        *("--target", str(folder), "--requirements", str(ROOT / "requirements/service.txt")),
    )
    for pattern in NEEDLESS:
        for path in folder.glob(pattern):
            path.unlink()


def compile_all(folder: Path, python: str) -> None:
    """Compiles each module, never to be compared with its source: what a zip unpacks has another date."""
    run(
        *(python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(folder), "-p", TASK_ROOT, str(folder)),
        PYTHONHASHSEED="0",
    )


def archive(folder: Path, path: Path) -> None:
    """Zips a folder: by name, of one date and one mode."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for member in sorted(each for each in folder.rglob("*") if each.is_file()):
            info = zipfile.ZipInfo(member.relative_to(folder).as_posix(), DATE)
            info.create_system = 3  # Unix, whose modes they are
            info.external_attr = (0o100755 if ".so" in member.suffixes else 0o100644) << 16
            file.writestr(info, member.read_bytes(), zipfile.ZIP_DEFLATED)


def function_python() -> str:
    """A Python of the function's version; fetched into .cache where there is none. Raises NoPython."""
    for python in pythons():
        if is_function_python(python):
            return python
    with suppress(subprocess.CalledProcessError):
        run(*UV, "python", "install", "--no-bin", "--install-dir", str(ROOT / ".cache/python"), VERSION)
    for path in ROOT.glob(f".cache/python/*/bin/python{VERSION}"):
        if is_function_python(str(path)):
            return str(path)
    raise NoPython(
        f"No Python {VERSION} was found, nor could one be fetched, and the function's bytecode is of that"
        f" version: install one, or name it, as in PYTHON=/path/to/python{VERSION}."
    )


def pythons() -> Iterator[str]:
    """What may be a Python of the function's version."""
    if named := os.environ.get("PYTHON"):
        yield named
    yield sys.executable
    yield f"python{VERSION}"
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for folder in (ROOT / ".cache/python", root / "versions"):
        yield from sorted(map(str, folder.glob(f"*/bin/python{VERSION}")), reverse=True)


def is_function_python(python: str) -> bool:
    """Whether it runs, and is CPython of that version."""
    try:
        tag = run(python, "-c", "import sys; print(sys.implementation.cache_tag)")
    except (OSError, subprocess.CalledProcessError):
        return False
    return tag.strip() == f"cpython-{VERSION.replace('.', '')}"


def described(path: Path, arch: str, python: str) -> str:
    """A line about a package."""
    with zipfile.ZipFile(path) as file:
        unpacked = sum(each.file_size for each in file.infolist())
    name = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    imported = import_times(path, python) if arch == HOST else f"not measured on {HOST}"
    return f"{name}: {path.stat().st_size / 1e6:.1f} MB, unpacked {unpacked / 1e6:.1f} MB; import {imported}"


def import_times(path: Path, python: str) -> str:
    """How long importing the handler takes a fresh process, the median."""
    settings = {
        "DATABASE_URL": "postgresql://127.0.0.1/none",
        "TRUSTED_IAM_ISSUERS": '["did:key:z6MkNobody"]',
    }
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as file:
            file.extractall(folder)
        # Without -P the folder that this runs in would be looked in first.
        command = (python, "-P", "-c", IMPORT)
        told = [run(*command, PYTHONPATH=folder, **settings).split() for _ in range(IMPORTS)]
    elapsed, processor = (statistics.median(map(float, each)) for each in zip(*told, strict=True))
    return f"{elapsed * 1000:.0f} ms, {processor * 1000:.0f} ms of them on the processor"


def run(*command: str, **environment: str) -> str:
    """What a program prints; raises CalledProcessError, which holds its complaint."""
    return subprocess.run(  # noqa: S603
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
