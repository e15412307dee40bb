"""The workflow imported into another workflow, fetched from git, and run from another folder."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cifarbench.errors import EXTRAS
from helpers import warm
from helpers.project import CHECKOUT

SMALL = {"compare": ["knn_raw"], "audit": False}
WITH_CONFIG = (
    'configfile: "config/config.yaml"\nconfigfile: "config/digits.yaml"\nconfigfile: "config/small.yaml"\n'
)
MODULE = """
module cifarbench:
    snakefile: {snakefile}
    config: config

use rule * from cifarbench as cb_*
"""
TWICE = """
from copy import deepcopy

smoother = deepcopy(config)
smoother["models"]["knn_raw"]["n_neighbors"] = 9

module first:
    snakefile: {snakefile}
    config: config
    prefix: "first"

use rule * from first as first_*

module second:
    snakefile: {snakefile}
    config: smoother
    prefix: "second"

use rule * from second as second_*

rule both:
    default_target: True
    input:
        rules.first_all.input,
        rules.second_all.input,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that contains only a configuration."""
    (tmp_path / "config").mkdir()
    for name in ("config.yaml", "digits.yaml"):
        shutil.copy(CHECKOUT / "config" / name, tmp_path / "config")
    (tmp_path / "config/small.yaml").write_text(yaml.safe_dump(SMALL))
    return tmp_path


def run(folder: Path, *arguments: str, **variables: str) -> str:
    command = ["-m", "snakemake", "--cores", "2", *arguments]
    code, text = warm.python(command, folder, warm.environment() | variables)
    assert code == 0, text
    return text


def accuracy(folder: Path) -> str:
    (row,) = (folder / "results/digits/comparison.csv").read_text().splitlines()[1:]
    return row.split(",")[2]


def add_snakefile(folder: Path, text: str, snakefile: str, config_files: str = WITH_CONFIG) -> None:
    (folder / "workflow").mkdir()
    (folder / "workflow/Snakefile").write_text(config_files + text.format(snakefile=snakefile))


def test_import_by_a_local_path(folder):
    add_snakefile(folder, MODULE, repr(str(CHECKOUT / "workflow/Snakefile")))
    run(folder)
    assert (folder / "results/digits/report.html").is_file()


def test_import_from_git_without_a_checkout(folder, tmp_path_factory):
    """Snakemake fetches the Snakefiles and the scripts; the package is the installed one."""
    repository = tmp_path_factory.mktemp("git") / "cifarbench"
    repository.mkdir()
    for part in ("workflow", "scripts", "config"):
        shutil.copytree(CHECKOUT / part, repository / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "environment.yml", repository)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)
    for part in ("workflow", "scripts", "config"):
        shutil.rmtree(repository / part)
    add_snakefile(folder, MODULE, f'gitfile({str(repository)!r}, path="workflow/Snakefile", ref="HEAD")')
    run(folder)
    assert (folder / "results/digits/report.html").is_file()


def test_import_twice_with_two_prefixes(folder):
    add_snakefile(folder, TWICE, repr(str(CHECKOUT / "workflow/Snakefile")))
    run(folder)
    assert accuracy(folder / "first") != accuracy(folder / "second")


def test_import_twice_with_two_names(folder):
    named = TWICE.replace(
        '["n_neighbors"] = 9', '["n_neighbors"] = 9\nconfig["name"] = "a"\nsmoother["name"] = "b"'
    )
    named = named.replace('    prefix: "first"\n', "").replace('    prefix: "second"\n', "")
    add_snakefile(folder, named, repr(str(CHECKOUT / "workflow/Snakefile")))
    text = run(folder, "--dry-run")
    assert "results/a/digits/report.html" in text
    assert "results/b/digits/report.html" in text
    assert "results/digits" not in text


def test_run_from_another_folder(folder, tmp_path_factory):
    """`-s` names the workflow and `--directory` the folder of configuration and results."""
    here = tmp_path_factory.mktemp("here")
    # Snakemake resolves these in the folder where it starts; the workflow reads its own in the other folder.
    overlays = [str(folder / "config" / name) for name in ("digits.yaml", "small.yaml")]
    snakefile = str(CHECKOUT / "workflow/Snakefile")
    run(here, "-s", snakefile, "--directory", str(folder), "--configfile", *overlays)
    assert (folder / "results/digits/report.html").is_file()


def test_continuous_integration_needs_no_optional_packages(tmp_path, tmp_path_factory):
    """The run needs no optional package: importing one fails."""
    packages = tmp_path_factory.mktemp("packages")
    for name in EXTRAS:
        (packages / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name={name!r})")
    shutil.copytree(CHECKOUT / ".test/config", tmp_path / "config")
    snakefile = str(CHECKOUT / "workflow/Snakefile")
    run(tmp_path, "-s", snakefile, "--directory", str(tmp_path), PYTHONPATH=str(packages))
    rows = (tmp_path / "results/digits/comparison.csv").read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == ["knn_pca", "knn_grid", "mlp"]
    assert (tmp_path / "results/digits/audit.html").is_file()


def test_missing_settings_have_defaults(tmp_path):
    """Missing settings have the workflow's defaults."""
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL | {"dataset": "digits"}))
    add_snakefile(tmp_path, MODULE, repr(str(CHECKOUT / "workflow/Snakefile")), 'configfile: "small.yaml"\n')
    run(tmp_path)
    assert (tmp_path / "results/digits/report.html").is_file()
    before = (tmp_path / "results/digits/comparison.csv").read_bytes()
    # The same without the importing workflow: nothing is left to do.
    snakefile = str(CHECKOUT / "workflow/Snakefile")
    text = run(tmp_path, "-s", snakefile, "--configfile", "small.yaml", "--dry-run")
    assert "Nothing to be done" in text
    assert (tmp_path / "results/digits/comparison.csv").read_bytes() == before
