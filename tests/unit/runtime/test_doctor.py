import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from cifarbench.cli import doctor

PACKAGE = Path(doctor.__file__).parents[1]


def test_it_says_at_most_ten_lines():
    done = subprocess.run(
        [sys.executable, "-m", "cifarbench", "doctor"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(PACKAGE.parent)},
        check=True,
    )
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == ["Python", "packages", "cores", "memory", "disk", "GPU", "cache", "archive", "Slurm"]


def test_it_runs_without_any_package():
    """As before the installation: neither site-packages nor the library."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "cifarbench", "doctor"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(PACKAGE.parent)},
        check=True,
    )
    assert "none yet" in done.stdout
    assert done.stdout.count(doctor.UNKNOWN) == 2


def test_packages_that_are_missing_or_others_are_named(tmp_path):
    (tmp_path / "requirements.txt").write_text("# a comment\npytest==0.1\nno-such-package==1.0  # why\n")
    said = doctor.packages(tmp_path / "requirements.txt")
    assert said.startswith("1 of 2 are installed; missing: no-such-package; in another version: pytest ")


@pytest.mark.parametrize(("text", "limit"), [("150000 100000", 1.5), ("max 100000", None)])
def test_the_limit_of_a_container_is_seen(tmp_path, monkeypatch, text, limit):
    monkeypatch.setattr(doctor, "CPU_MAX", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(text)
    assert doctor.cpu_limit() == limit


def test_an_archive_of_ones_own_is_checked(tmp_path):
    archive = tmp_path / "own.tar.gz"
    archive.write_bytes(b"no official archive")
    checksum = hashlib.sha256(b"no official archive").hexdigest()
    _, said = doctor.cache_and_archive(str(archive), checksum)
    assert "accepted" in said
    _, said = doctor.cache_and_archive(str(archive), 64 * "0")
    assert checksum in said
    _, said = doctor.cache_and_archive(str(tmp_path / "nowhere"), "")
    assert "can't be read" in said
