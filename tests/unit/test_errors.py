"""Errors that end a process with one sentence: unsupported systems, and missing optional packages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cifarbench import errors

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Scripts that always need an optional package.
WITH_EXTRAS = {"export_model", "write_onnx_demo"}
BLOCK = "import sys; from cifarbench.errors import EXTRAS; sys.modules |= dict.fromkeys(EXTRAS); "


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BLOCK + code], cwd=SCRIPTS, capture_output=True, text=True)


def test_windows_users_are_referred_to_wsl(monkeypatch):
    errors.exit_on_windows()
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="needs Linux or macOS; on Windows, run it in WSL"):
        errors.exit_on_windows()


def test_unix_only_modules_are_used_only_in_documented_files():
    found = {
        path.stem
        for path in SCRIPTS.rglob("*.py")
        if re.search(r"^ *import (fcntl|resource|termios|pwd)\b|\.prctl\(", path.read_text(), re.MULTILINE)
    }
    assert found == {"gpu_lock", "timing", "run_guarded"}


def test_other_scripts_need_no_optional_package():
    names = sorted({path.stem for path in SCRIPTS.glob("*.py")} - WITH_EXTRAS)
    done = python(f"from importlib import import_module; [import_module(name) for name in {names}]")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("code", "module", "extra"),
    [
        ("sys.argv = ['cifarbench', 'crate']; from cifarbench.cli import main; main()", "rocrate", "export"),
        (
            "from pathlib import Path; from cifarbench.errors import exit_on_user_errors as end\n"
            "from cifarbench.data.parquet import read_parquet as read\n"
            "with end(): read(Path('/nowhere'), {}, None)",
            "pyarrow",
            "extended",
        ),
    ],
)
def test_a_missing_optional_package_ends_in_a_sentence(code, module, extra):
    done = python(code)
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: the package {module} is not installed; install it by: pip install 'cifarbench[{extra}]'\n"
    )
