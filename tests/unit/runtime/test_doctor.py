"""The check of this machine by `cifarbench doctor`."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from cifarbench.cli import doctor

SCRIPTS = Path(doctor.__file__).parents[2]


def run_doctor(*options: str) -> str:
    command = [sys.executable, *options, "-m", "cifarbench", "doctor"]
    environment = {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout


def test_one_line_per_item():
    names = [line.split()[0] for line in run_doctor().splitlines()]
    assert names == ["Python", "packages", "cores", "memory", "disk", "GPU", "cache", "archive"]


def test_doctor_runs_without_packages():
    output = run_doctor("-S")
    assert "none; `make demo` installs" in output
    assert output.count(doctor.UNKNOWN) == 2


def test_missing_packages_and_other_versions_are_named(tmp_path):
    (tmp_path / "requirements.txt").write_text("# a comment\npytest==0.1\nno-such-package==1.0  # why\n")
    text = doctor.packages(tmp_path / "requirements.txt")
    assert text.startswith("1 of 2 are installed; missing: no-such-package; in another version: pytest ")


@pytest.mark.parametrize(("text", "limit"), [("150000 100000", 1.5), ("max 100000", None)])
def test_cpu_limit_of_a_container(tmp_path, monkeypatch, text, limit):
    monkeypatch.setattr(doctor, "CPU_MAX", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(text)
    assert doctor.cpu_limit() == limit


def test_local_archive_is_checked(tmp_path):
    archive = tmp_path / "own.tar.gz"
    archive.write_bytes(b"no official archive")
    checksum = hashlib.sha256(b"no official archive").hexdigest()
    assert "accepted" in doctor.cache_and_archive(str(archive), checksum)[1]
    assert checksum in doctor.cache_and_archive(str(archive), 64 * "0")[1]
    assert "can't be read" in doctor.cache_and_archive(str(tmp_path / "nowhere"), "")[1]
