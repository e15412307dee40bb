"""Installation by the Makefile beside an intact environment, an incomplete one, or one without its interpreter."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from helpers.project import CHECKOUT

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
ANNOUNCED = "will be installed from PyPI"
# A project that pip can install without fetching a build tool.
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import zipfile


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return name
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without packages, made by the Makefile in place of a link to another environment."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copy(CHECKOUT / "Makefile", folder)
    (folder / "requirements.txt").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere/mine").touch()
    (folder / ".venv").symlink_to("elsewhere")
    assert ANNOUNCED in install(folder)
    subprocess.run(
        [folder / ".venv/bin/python", "-m", "pip", "--version"], check=True, stdout=subprocess.DEVNULL
    )
    return folder


def install(folder: Path, *options: str) -> str:
    command = ["make", ".venv/.installed", f"PYTHON={sys.executable}", *options]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert (folder / ".venv/bin/python").exists() or options
    return done.stdout


def test_the_target_of_a_link_is_kept(folder):
    assert [path.name for path in (folder / "elsewhere").iterdir()] == ["mine"]
    assert not (folder / ".venv").is_symlink()


def test_an_intact_environment_is_kept(folder):
    assert "is up to date" in install(folder)


def test_changed_requirements_are_installed_into_the_environment(folder):
    (folder / ".venv/mine").touch()
    (folder / "requirements.txt").touch()
    output = install(folder)
    assert "pip install" in output
    assert ANNOUNCED not in output
    assert (folder / ".venv/mine").exists()


def test_a_folder_of_wheels_replaces_the_index(folder, monkeypatch):
    """The wheel has the pinned version with a local part, `1.5+cpu`, as PyTorch's wheels for CPUs have."""
    (folder / "wheels").mkdir()
    info = "leaf-1.5+cpu.dist-info"
    with zipfile.ZipFile(folder / "wheels/leaf-1.5+cpu-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: leaf\nVersion: 1.5+cpu\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (folder / "requirements.txt").write_text("leaf==1.5\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    install(folder, "TORCH=wheels")
    assert next(folder.glob(f".venv/lib/*/site-packages/{info}")).is_dir()
    (folder / "requirements.txt").write_text("")


def test_an_incomplete_environment_is_recreated(folder):
    shutil.rmtree(next(folder.glob(".venv/lib/*/site-packages")))
    (folder / ".venv/.installed").unlink()
    assert ANNOUNCED in install(folder)
    assert not (folder / ".venv/mine").exists()
    assert next(folder.glob(".venv/lib/*/site-packages/pip")).is_dir()


def test_an_environment_without_its_interpreter_is_recreated(folder):
    (folder / ".venv/bin/python").unlink()
    (folder / ".venv/bin/python").symlink_to("/nowhere/python")
    # A dry run is enough, because the previous test ran the commands.
    planned = install(folder, "--dry-run")
    assert ANNOUNCED in planned
    assert planned.index("rm -rf .venv") < planned.index("-m venv .venv") < planned.index("pip install")
