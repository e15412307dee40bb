"""Names and quoting of the Makefile, tested with programs that print their arguments."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.cli import parse_config

from helpers.project import CHECKOUT

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
PRINT_ARGUMENTS = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"
ODD_NAMES = ["a b", "it's", 'a "quote", back\\slash', "it's $HOME and $(x)"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose path contains a space, and whose programs print their arguments."""
    folder = tmp_path_factory.mktemp("with space") / "a project"
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("snakemake", "cifarbench"):
        (programs / name).write_text(PRINT_ARGUMENTS)
        (programs / name).chmod(0o755)
    # `python -m cifarbench`, `python benchmarks/run.py` and `python -c ""`.
    (programs / "python").write_text(PRINT_ARGUMENTS)
    (programs / "python").chmod(0o755)
    shutil.copy(CHECKOUT / "Makefile", folder)
    for name in ("requirements.txt", "pyproject.toml", ".venv/.installed"):
        (folder / name).touch()
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True)


def arguments(folder: Path, *words: str) -> list[str]:
    done = make(folder, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("[")))


def value(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_path_reaches_the_command_unchanged(folder, name):
    for target, options in {
        "doctor": {"ARCHIVE": "--archive"},
        "bench": {"ARCHIVE": "--archive"},
        "predict": {"IMAGES": "--images", "OUT": "--out", "MODEL": "--model"},
        "reproduce": {"CRATE": "--crate", "ARCHIVE": "--archive", "OUT": "--folder"},
        "ro-crate": {"OUT": "--crate"},
        "diff": {"OLD": "--old", "NEW": "--new"},
    }.items():
        got = arguments(folder, target, *(f"{variable}={name}" for variable in options))
        assert [value(got, option) for option in options.values()] == [name] * len(options), target


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_archive_reaches_snakemake_as_an_absolute_path(folder, name):
    for target in ("study", "extended", "explain"):
        got = arguments(folder, target, f"ARCHIVE={name}", "SHA256=0123")
        config = parse_config(got[got.index("--config") + 1 :])
        assert config == {"archive": f"{folder}/{name}", "sha256": "0123"}
    got = arguments(folder, "study", f"ARCHIVE=/data/{name}")
    assert parse_config(got[got.index("--config") + 1 :]) == {"archive": f"/data/{name}"}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_configuration_file_reaches_snakemake(folder, name):
    (folder / name).touch()
    assert arguments(folder, "study", f"CONFIGFILE={name}")[-2:] == ["--configfile", name]


def test_several_configuration_files_may_be_named(folder):
    (folder / "one.yaml").touch()
    (folder / "two.yaml").touch()
    got = arguments(folder, "explain", "CONFIGFILE=one.yaml two.yaml")
    assert got == ["explain", "--configfile", "one.yaml", "two.yaml"]


def test_a_configuration_file_that_is_missing_is_named(folder):
    assert (
        "CONFIGFILE is none.yaml; there is no such file"
        in make(folder, "study", "CONFIGFILE=none.yaml").stderr
    )


@pytest.mark.parametrize(
    ("torch", "option"),
    [
        ("cpu", ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]),
        ("my wheels", ["--find-links", "{folder}/my wheels"]),
        (None, []),
    ],
)
def test_torch_sets_the_source_of_wheels(folder, torch, option):
    (folder / "my wheels").mkdir(exist_ok=True)
    os.utime(folder / ".venv/.installed", (0, 0))
    got = arguments(folder, ".venv/.installed", *([f"TORCH={torch}"] if torch else []))
    expected = [text.format(folder=folder) for text in option]
    assert got[:2] == ["-m", "pip"]
    assert got[got.index("-r") - len(expected) : got.index("-r")] == expected
    assert ("http" in " ".join(got)) == (torch == "cpu")


def test_a_folder_of_wheels_that_is_missing_is_named(folder):
    os.utime(folder / ".venv/.installed", (0, 0))
    error = make(folder, ".venv/.installed", "TORCH=none").stderr
    (folder / ".venv/.installed").touch()
    assert "TORCH is none; write TORCH=cpu, or name an existing folder of wheels" in error


@pytest.mark.parametrize(
    ("old", "new"),
    {
        "improved": "extended",
        "across": "suite",
        "million": "bench-million",
        "history": "runs",
        "card": "model-card",
        "crate": "ro-crate",
        "rebuild": "reproduce",
        "house": "docs",
        "tables": "docs",
    }.items(),
)
def test_an_old_target_names_the_new_one(folder, old, new):
    done = make(folder, old)
    assert done.returncode != 0
    assert f"make {old} is now called make {new}." in done.stderr
    assert f"make {new} " in make(folder, "help").stdout


def test_an_old_variable_names_the_new_one(folder):
    done = make(folder, "predict", "PICTURES=folder")
    assert done.returncode != 0
    assert "PICTURES= is now called IMAGES=." in done.stderr


def test_resize_is_on_off_or_refused(folder):
    for yes in ("1", "yes", "true"):
        assert "--resize" in arguments(folder, "predict", "IMAGES=x", f"RESIZE={yes}")
    for no in ("", "0", "no", "false"):
        assert "--resize" not in arguments(folder, "predict", "IMAGES=x", f"RESIZE={no}")
    assert "RESIZE is perhaps; write RESIZE=1" in make(folder, "predict", "IMAGES=x", "RESIZE=perhaps").stderr


def test_name_reaches_the_configuration_and_the_folder_of_results(folder, monkeypatch):
    # Some systems set NAME in every shell.
    monkeypatch.setenv("NAME", "my-computer")
    assert value(arguments(folder, "predict", "IMAGES=a", "DATASET=digits"), "--results") == "results/digits"
    assert "my-computer" not in " ".join(arguments(folder, "study"))
    named = arguments(folder, "predict", "IMAGES=a", "NAME=wide", "DATASET=digits")
    assert value(named, "--results") == "results/wide/digits"
    for target in ("demo", "study", "suite", "extended", "explain"):
        words = arguments(folder, target, "NAME=wide")
        assert parse_config(words[words.index("--config") + 1 :]) == {"name": "wide"}
    exported = arguments(folder, "export", "MODEL=mlp", "NAME=wide", "DATASET=digits")
    assert "results/wide/digits/export/mlp.onnx" in exported
    assert parse_config(exported[exported.index("--config") + 1 :]) == {"dataset": "digits", "name": "wide"}
