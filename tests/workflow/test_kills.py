"""Killed processes, locked folders and full disks: partly written files are never used as results."""

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from test_reruns import MODELS

from helpers.project import Project

# All results of a run except its costs.
SAME = ["data/*.npy", "models/**/predictions.npz", "models/**/metrics.json", "models/**/history.csv"]
SAME += ["models/**/cv_results.csv", "paired_tests.csv", "model_agreement.json", "figures/*/*"]
# Only a job or its guard; only Snakemake, whose jobs remain; or all processes at once, as in a power failure.
VICTIMS = itertools.cycle(["job", "guard", "all", "job", "snakemake"])
GUARD = "run_guarded.py"
PREDICTIONS = "models/mlp/predictions.npz"
LOG = "logs/train_network/mlp.log"


def results(project: Project) -> dict[str, str]:
    return {path: digest for pattern in SAME for path, digest in project.checksums(pattern).items()}


def jobs_of(snakemake: subprocess.Popen, project: Project) -> list[psutil.Process]:
    """Return the processes that run a rule's script and have not ended during the search."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(snakemake.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                script = "".join(child.cmdline()[1:2])
                if script.startswith("scripts/") and not script.endswith(GUARD):
                    found.append(child)
    return found


def kill(victim: str, snakemake: subprocess.Popen, job: psutil.Process) -> bool:
    """Kill the victim; return False if the job had ended before."""
    try:
        if job.status() == psutil.STATUS_ZOMBIE:
            return False
        if victim in ("job", "guard"):
            parent = job.parent()
            guarded = parent is not None and any(
                argument.endswith(GUARD) for argument in parent.cmdline()[1:2]
            )
            (parent if victim == "guard" and guarded else job).kill()
            # Other running jobs may finish, and no new ones start.
            snakemake.terminate()
        elif victim == "snakemake":
            snakemake.kill()
        else:
            os.killpg(snakemake.pid, signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    try:
        snakemake.wait(60)
    except subprocess.TimeoutExpired:
        # Snakemake 9.27 deadlocks if the signal arrives while it holds its own lock. A cluster kills it then.
        os.killpg(snakemake.pid, signal.SIGKILL)
    return True


def kill_once(project: Project, victim: str, spared: int, choice: random.Random) -> bool:
    """Start a run, let `spared` jobs start, and kill during the next one; return False if the run ended before.

    In half of the cases, kill while a file is being written, if there is one.
    """
    begun: set[int] = set()
    with project.start() as snakemake:
        while snakemake.poll() is None:
            for job in jobs_of(snakemake, project):
                if job.pid in begun:
                    continue
                begun.add(job.pid)
                if len(begun) > spared:
                    _await_moment(job, project, choice)
                    if kill(victim, snakemake, job):
                        return True
            time.sleep(0.01)
    return False


def _await_moment(job: psutil.Process, project: Project, choice: random.Random) -> None:
    if choice.random() < 0.5:
        time.sleep(choice.uniform(0, 1))
        return
    # Folders may be deleted during the search.
    with contextlib.suppress(FileNotFoundError):
        while job.is_running() and not any(project.results.rglob(".*.part")):
            time.sleep(0.001)


@pytest.mark.parametrize(
    ("kills", "models"),
    # A tuned model and a network have jobs of every type.
    [(5, ["knn_grid", "mlp_batchnorm_dropout"]), pytest.param(50, MODELS, marks=pytest.mark.long)],
)
def test_results_after_repeated_kills_equal_an_undisturbed_run(project, fresh, kills, models):
    for one in (project, fresh):
        one.configure(lambda settings: settings.update(compare=models))
    # Only the comparison of these models is missing.
    project.succeed()
    for model in set(MODELS) - set(models):
        shutil.rmtree(project.results / "models" / model)
        shutil.rmtree(project.results / "figures" / model)
    choice = random.Random(kills)
    # The kills are spread over the run, which continues after each kill.
    most_spared = len(project.would_run("--forceall")) // kills
    for victim in itertools.islice(VICTIMS, kills):
        while not kill_once(fresh, victim, choice.randint(0, most_spared), choice):
            shutil.rmtree(fresh.results)
    # With new processes, as users run it; the jobs of the other run were forked from a process with all imports
    # (warm.py).
    fresh.succeed(cold=True)
    assert results(fresh) == results(project)
    assert fresh.would_run() == set()
    assert list(fresh.folder.rglob("*.part")) == []


def test_an_interrupted_and_reverted_change_leaves_no_trace(finished, project):
    project.configure(lambda settings: settings["models"].update(knn_pca={"n_neighbors": 3}))
    assert kill_once(project, "all", 1, random.Random(0))
    project.configure(lambda settings: settings["models"].pop("knn_pca"))
    project.succeed()
    assert results(project) == results(finished)
    assert project.would_run() == set()


# ---- Training and locked folders ----


@pytest.fixture
def longer(project: Project, request: pytest.FixtureRequest) -> Project:
    """A finished run with more epochs in its configuration, so that tests can interrupt the training."""
    epochs = getattr(request, "param", 6000)
    project.configure(lambda settings: settings["models"]["mlp"].update(epochs=epochs))
    project.configure(lambda settings: settings["training"].update(checkpoint_interval_seconds=0.05))
    return project


@pytest.fixture
def training(longer: Project) -> Iterator[subprocess.Popen]:
    """A run during a training that has written checkpoints."""
    snakemake = longer.start(targets=(PREDICTIONS,))
    while not list(longer.results.glob("checkpoints/mlp/*/epochs_*00.pt")):
        assert snakemake.poll() is None
        time.sleep(0.01)
    yield snakemake
    if snakemake.poll() is None:
        os.killpg(snakemake.pid, signal.SIGKILL)
    snakemake.wait()


@pytest.mark.parametrize("longer", [600], indirect=True)
def test_an_interrupted_training_resumes_from_its_checkpoint(longer, training, tmp_path):
    os.killpg(training.pid, signal.SIGKILL)
    training.wait()
    undisturbed = longer.copy(tmp_path / "undisturbed")
    shutil.rmtree(undisturbed.results / "checkpoints")

    resumed = longer.run(targets=(PREDICTIONS,))
    assert resumed.code == 0, resumed.text
    assert "The last run in this folder was interrupted" in resumed.text
    log = (longer.results / LOG).read_text()
    assert "Training goes on after" in log
    assert "Training goes on after 3 epochs," not in log
    undisturbed.succeed(targets=(PREDICTIONS,))
    assert "goes on" not in (undisturbed.results / LOG).read_text()
    assert longer.checksums("models/mlp/*.[ncp]*") == undisturbed.checksums("models/mlp/*.[ncp]*")


def test_a_second_run_in_the_same_folder_is_refused_with_a_reason(longer, training):
    # Keep the first run from ending before the second one.
    for job in jobs_of(training, longer):
        job.suspend()
    second = longer.run(targets=(PREDICTIONS,))
    assert second.code != 0
    assert (
        "Please make sure that no other Snakemake process is trying to create the same files" in second.text
    )
    assert training.poll() is None
    # A dry run is allowed.
    assert longer.would_run(targets=(PREDICTIONS,)) == {"train_network mlp"}


def test_jobs_end_with_the_run_that_started_them(longer, training):
    jobs = jobs_of(training, longer)
    assert len(jobs) == 1
    training.kill()
    _, left = psutil.wait_procs(jobs, timeout=30)
    assert left == []


# ---- A full disk ----


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB in memory."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not shutil.which("mount") or os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize(
    "kilobytes", [24, *(pytest.param(number, marks=pytest.mark.long) for number in (0, 8, 16, 32))]
)
def test_a_full_disk_is_reported_and_the_run_succeeds_with_free_space(finished, small_disk, kilobytes):
    project = finished.copy(small_disk / "study")
    shutil.rmtree(project.results / "models/mlp")
    shutil.rmtree(project.results / "checkpoints")
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free - kilobytes * 1024
    filler.write_bytes(bytes(free))
    refused = project.run(targets=(PREDICTIONS,))
    assert refused.code != 0
    assert "no space left on" in refused.text.lower()

    filler.unlink()
    project.succeed(targets=(PREDICTIONS,))
    assert project.checksums(PREDICTIONS) == finished.checksums(PREDICTIONS)
