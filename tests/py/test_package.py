"""The function's package: the same bytes wherever it is built, and in it what the function needs."""

import os
import re
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from db.migrate import ROOT
from deploy import package
from harness.pages import OPERATIONS, command, run

MACHINES = {"x86_64": 62, "arm64": 183}
# Prints how many modules have bytecode of the Python that runs this, of their source, never to be compared
# with it, and with the place of the function in it.
READ_BYTECODE = """
import importlib.util, marshal, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as file:
    sources = [name for name in file.namelist() if name.endswith(".py")]
    for name in sources:
        compiled = file.read(importlib.util.cache_from_source(name))
        assert compiled[:4] == importlib.util.MAGIC_NUMBER, name
        assert int.from_bytes(compiled[4:8], "little") == 0b01, name
        assert compiled[8:16] == importlib.util.source_hash(file.read(name)), name
        assert marshal.loads(compiled[16:]).co_filename == f"/var/task/{name}", name
print(len(sources))
"""


def copied(folder: Path, mode: int) -> Path:
    """What a package is built from, in another folder, with files of another mode and date."""
    for name in ("api", "deploy", "requirements"):
        shutil.copytree(ROOT / name, folder / name, copy_function=shutil.copyfile)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(mode)
    return folder


def built_in(folder: Path) -> dict[str, bytes]:
    """The packages of both architectures by name, as the command builds them."""
    run(command("package"), folder, where=folder)
    return {path.name: path.read_bytes() for path in (folder / "build").iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of both architectures."""
    folder = copied(tmp_path_factory.mktemp("package"), 0o644)
    built_in(folder)
    return folder / "build"


def test_two_builds_in_two_folders_are_equal(built: Path, tmp_path: Path) -> None:
    other = copied(tmp_path / "another folder", 0o600)
    left_behind = other / "api/__pycache__/left_behind.cpython-312.pyc"
    left_behind.parent.mkdir(exist_ok=True)
    left_behind.touch()
    packages = built_in(other)
    assert sorted(packages) == ["passport-scorer-arm64.zip", "passport-scorer-x86_64.zip"]
    for name, content in packages.items():
        assert content == (built / name).read_bytes(), name


@pytest.mark.parametrize("arch", package.PLATFORMS)
def test_every_module_has_its_bytecode(built: Path, arch: str) -> None:
    try:
        python = package.function_python()
    except package.NoPython as error:
        pytest.skip(str(error))
    told = subprocess.run(
        [python, "-c", READ_BYTECODE, built / f"passport-scorer-{arch}.zip"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(told.stdout) > 100


@pytest.mark.parametrize("arch", package.PLATFORMS)
def test_libraries_are_of_the_architecture(built: Path, arch: str) -> None:
    with zipfile.ZipFile(built / f"passport-scorer-{arch}.zip") as file:
        libraries = [name for name in file.namelist() if ".so" in name]
        assert any(name.startswith("didkit/") for name in libraries)
        assert any(name.startswith("psycopg_binary/") for name in libraries)
        for name in libraries:
            assert struct.unpack("<H", file.read(name)[18:20])[0] == MACHINES[arch], name


@pytest.mark.parametrize("arch", package.PLATFORMS)
def test_nothing_needless_is_in_it(built: Path, arch: str) -> None:
    with zipfile.ZipFile(built / f"passport-scorer-{arch}.zip") as file:
        members = file.infolist()
    tops = {member.filename.partition("/")[0].partition("-")[0] for member in members}
    assert tops == {
        *("api", "awsgi", "aws_wsgi", "blinker", "click", "didkit", "flask", "itsdangerous", "jinja2"),
        *("markupsafe", "psycopg", "psycopg_binary", "psycopg_binary.libs", "typing_extensions"),
        *("typing_extensions.py", "__pycache__", "werkzeug"),
    }
    assert not [m.filename for m in members if "/tests/" in m.filename or m.filename.endswith("RECORD")]
    assert {member.date_time for member in members} == {package.DATE}
    assert {member.external_attr >> 16 for member in members} == {0o100644, 0o100755}
    # What Lambda takes from a request that brings it.
    assert (built / f"passport-scorer-{arch}.zip").stat().st_size < 50e6


def test_the_page_of_operations_has_its_size(built: Path) -> None:
    """To a few parts in a hundred, so that not every change of a word is one of the page."""
    shown = re.findall(
        r"^build/(\S+): ([\d.]+) MB, unpacked ([\d.]+) MB", OPERATIONS.read_text(), re.MULTILINE
    )
    assert shown
    for name, packed, unpacked in shown:
        with zipfile.ZipFile(built / name) as file:
            size = sum(member.file_size for member in file.infolist())
        assert float(packed) * 1e6 == pytest.approx((built / name).stat().st_size, rel=0.02)
        assert float(unpacked) * 1e6 == pytest.approx(size, rel=0.02)


def test_what_is_imported_is_the_package(tmp_path: Path) -> None:
    """Not the folder that the command is run in."""
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as file:
        file.writestr("api/__init__.py", "")
        file.writestr("api/aws_lambda.py", "raise RuntimeError('of the package')")
    with pytest.raises(subprocess.CalledProcessError, match="exit status 1") as raised:
        package.import_times(tmp_path / "package.zip", package.function_python())
    assert "of the package" in raised.value.stderr


def test_without_a_python_of_that_version_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package, "VERSION", "3.99")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("PYTHON", os.devnull)
    assert package.main(["--output", str(tmp_path)]) == 1
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err.startswith("No Python 3.99 was found")
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
