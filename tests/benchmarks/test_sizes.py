"""Options of the benchmark cases, and growth exponents computed from recorded usage."""

import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import process_usage
import sizes
from cases import CASES


def results(folder: Path, n_train: int) -> Path:
    """Write the files of a run: a job linear in the images, a constant one that ran twice, and a short one."""
    (folder / "data").mkdir(parents=True)
    with open(folder / sizes.NOTES, "w") as notes:
        for name, seconds in (
            ("fit model", n_train / 1000),
            ("draw model", 9.0),
            ("draw model", 6.0),
            ("short", 0.2),
        ):
            found = {
                "job": name,
                "processor_seconds": seconds,
                "own_mb": 1000 + n_train / 1000,
                "resident_mb": 3000 - n_train / 1000,
            }
            notes.write(json.dumps(found) + "\n")
    (folder / "data/dataset.json").write_text(json.dumps({"n_train": n_train}))
    return folder


def test_exponents_and_memory(tmp_path: Path) -> None:
    folders = [results(tmp_path / str(n), n) for n in (5000, 20000, 100000)]
    text = sizes.table(folders)
    row = "| `fit model` | 5.0 s | 20.0 s | 100.0 s | 1.00 | 1,005 / 1,020 / 1,100 MB | 9% | 2,995 MB |"
    assert row in text
    assert "| `draw model` | 6.0 s | 6.0 s | 6.0 s | 0.00 |" in text
    assert "| `short` | 0.2 s | 0.2 s | 0.2 s |  |" in text


def test_the_usage_of_a_successful_job_is_recorded(tmp_path: Path) -> None:
    job = tmp_path / "waste.py"
    job.write_text(
        "import sys, time\nfrom pathlib import Path\nheld = bytearray(100_000_000)\n"
        "while time.process_time() < 0.5: pass\nPath(sys.argv[1], 'new').touch()\n"
    )
    log = "results/digits/logs/fit/mlp/seed_1.log"
    command = [sys.executable, process_usage.__file__, tmp_path / "notes", job, "folder", log]
    assert subprocess.run(command, cwd=tmp_path).returncode == 1
    assert not (tmp_path / "notes").exists()
    (tmp_path / "folder").mkdir()
    assert subprocess.run(command, cwd=tmp_path).returncode == 0
    found = json.loads((tmp_path / "notes").read_text())
    assert found["job"] == "fit mlp/seed_1"
    assert found["processor_seconds"] >= 0.5
    assert 100 < found["own_mb"] < found["resident_mb"]


@pytest.mark.parametrize("power", [0.5, 1.0, 1.8])
def test_the_exponent_is_that_of_the_power_law(power: float) -> None:
    counts = [50_000, 200_000, 1_000_000]
    assert sizes.exponent(counts, [3 * count**power for count in counts]) == pytest.approx(power)


@pytest.mark.parametrize("case", CASES)
def test_implementations_of_a_case_accept_its_options(case: tuple[str, str]) -> None:
    for way, work in CASES[case].items():
        for job in work.jobs:
            function = getattr(import_module(way), job["case"])
            inspect.signature(function).bind(None, **job.get("options", {}))
