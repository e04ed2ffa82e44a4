"""Which version the oldest under test is, by what the system has and what its archive has."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from db.migrate import ROOT
from harness import debian, server
from harness.debian import NotPackaged

PACKAGE = "postgresql-15"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system without PostgreSQL; its archive is to be had with archive."""
    monkeypatch.setattr(server, "SYSTEM", tmp_path)
    monkeypatch.setattr(debian, "ROOT", tmp_path)
    monkeypatch.setattr(debian, "CACHE", tmp_path / ".cache")
    (tmp_path / "local").mkdir()
    shutil.copy(ROOT / "local/debian-unpack", tmp_path / "local")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return tmp_path


def archive(system: Path, *packages: str, reached: bool = True) -> None:
    """An archive of such packages, behind programs of apt's names."""
    for package in packages:
        content = system / package
        (content / "DEBIAN").mkdir(parents=True)
        (content / "DEBIAN/control").write_text(
            f"Package: {package}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: none\n"
        )
        program = content / server.bin_folder(int(package.removeprefix("postgresql-"))) / "postgres"
        program.parent.mkdir(parents=True)
        program.touch()
        subprocess.run(["dpkg-deb", "--build", content], check=True, capture_output=True)
    scripts = {
        "apt-cache": f"printf '%s\\n' base-files {' '.join(packages)}",
        "apt-get": f"""
            for name; do :; done
            case "$*" in
                *update) {"true" if reached else "false"} ;;
                *install*) cp "{system}/$name.deb" "{system}/.cache/apt/cache/archives" ;;
            esac
            """,
    }
    for name, script in scripts.items():
        (system / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (system / "bin" / name).chmod(0o755)


def test_it_is_the_oldest_supported_where_the_archive_has_it(system: Path) -> None:
    archive(system, "postgresql-13", PACKAGE)
    assert server.oldest_here() == 15
    assert server.debian_root(15) == system / ".cache" / PACKAGE
    with pytest.raises(NotPackaged, match="postgresql-14"):
        server.programs_of(14)


def test_it_is_the_oldest_supported_where_the_system_has_it(system: Path) -> None:
    (system / server.bin_folder(15)).mkdir(parents=True)
    (system / server.bin_folder(15) / "postgres").touch()
    archive(system, reached=False)
    assert server.oldest_here() == 15


def test_it_is_the_oldest_embedded_one_where_the_archive_has_another(system: Path) -> None:
    archive(system, "postgresql-17")
    assert server.oldest_here() == 16
    assert (server.programs_of(16) / "postgres").exists()


def test_nothing_is_chosen_where_the_archive_is_not_reached(system: Path) -> None:
    archive(system, PACKAGE, reached=False)
    with pytest.raises(subprocess.CalledProcessError):
        server.oldest_here()
