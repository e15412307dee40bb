"""A script's main function as a command."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[3] / "scripts"
# Of Linux, for one argument.
LONGEST = 131_072


def test_settings_of_any_length_come_on_standard_input(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(
        "from pathlib import Path\n"
        "from cifarbench.study.command import run\n"
        "def main(found: Path, settings: dict) -> None:\n"
        "    found.write_text(str(len(settings['runs'])))\n"
        "run(main)\n"
    )
    settings = json.dumps({"runs": ["one of many runs"] * 10_000})
    assert len(settings) > LONGEST
    found = tmp_path / "found"
    command = [sys.executable, job, "--found", found, "--settings", "-"]
    subprocess.run(command, input=settings, text=True, check=True, env={"PYTHONPATH": str(SCRIPTS)})
    assert found.read_text() == "10000"
