"""The workflow deployed by snakedeploy from a bare git repository, and run in the folder that it writes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from helpers import warm
from helpers.project import CHECKOUT, PARTS

URL = "https://github.com/example/cifarbench"
TAG = "v0"
pytestmark = pytest.mark.skipif(
    not shutil.which("snakedeploy"), reason="snakedeploy is not installed; it is in requirements.txt"
)


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """An environment in which git reads a bare repository instead of the URL on GitHub."""
    work, bare = tmp_path / "work", tmp_path / "hosted/example/cifarbench"
    work.mkdir()
    for part in [*PARTS, "LICENSE"]:
        if (CHECKOUT / part).is_dir():
            shutil.copytree(CHECKOUT / part, work / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(CHECKOUT / part, work)
    git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"], ["tag", TAG]):
        subprocess.run([*git, *command], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    shutil.rmtree(work)
    return warm.environment() | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/hosted/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "GITHUB_TOKEN": "",
        # Snakemake caches the files of a tag here.
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def test_a_deployed_workflow_runs_to_the_report(environment, tmp_path):
    folder = tmp_path / "deployed"
    folder.mkdir()
    done = subprocess.run(
        ["snakedeploy", "deploy-workflow", URL, ".", "--tag", TAG],
        cwd=folder,
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "config/digits.yaml").is_file()
    assert f'github("example/cifarbench", path="workflow/Snakefile", tag="{TAG}")' in (
        folder / "workflow/Snakefile"
    ).read_text().replace("\n", " ")
    # One model is enough here.
    (folder / "small.yaml").write_text(yaml.safe_dump({"compare": ["knn_raw"], "audit": False}))
    command = ["-m", "snakemake", "--cores", "2", "--configfile", "config/digits.yaml", "small.yaml"]
    code, text = warm.python(command, folder, environment)
    assert code == 0, text
    assert Path(folder, "results/digits/report.html").is_file()
