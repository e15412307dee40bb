"""Whatever is killed, locked out or left without room: nothing half-written is ever taken for a result."""

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

# All that a study ends in, but for what it cost to get there.
SAME = ["data/*.npy", "models/**/predictions.npz", "models/**/metrics.json", "models/**/history.csv"]
SAME += ["models/**/cv_results.csv", "paired_tests.csv", "model_agreement.json", "figures/*/*"]
# A job alone, or what guards it; Snakemake alone, which leaves its jobs behind; all at once, as a power cut does.
VICTIMS = itertools.cycle(["job", "guard", "all", "job", "snakemake"])
GUARD = "run_guarded.py"
PREDICTIONS = "models/mlp/predictions.npz"
LOG = "logs/train_network/mlp.log"


def results(project: Project) -> dict[str, str]:
    return {path: digest for pattern in SAME for path, digest in project.checksums(pattern).items()}


def jobs_of(snakemake: subprocess.Popen, project: Project) -> list[psutil.Process]:
    """The processes that run a rule's script, as far as they have not ended while we look."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(snakemake.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                script = "".join(child.cmdline()[1:2])
                if script.startswith("scripts/") and not script.endswith(GUARD):
                    found.append(child)
    return found


def kill(victim: str, snakemake: subprocess.Popen, job: psutil.Process) -> bool:
    """Kill, unless the job was faster."""
    try:
        if job.status() == psutil.STATUS_ZOMBIE:
            return False
        if victim in ("job", "guard"):
            parent = job.parent()
            guarded = parent is not None and any(
                argument.endswith(GUARD) for argument in parent.cmdline()[1:2]
            )
            (parent if victim == "guard" and guarded else job).kill()
            # What runs beside it may end; nothing new begins.
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
        # Snakemake 9.27 waits for its own lock forever if the signal comes while it holds it. A cluster kills it then.
        os.killpg(snakemake.pid, signal.SIGKILL)
    return True


def kill_once(project: Project, victim: str, spared: int, choice: random.Random) -> bool:
    """Start a run, let some jobs begin, and kill at a moment of the next one; False if the run ended before.

    Every other time the moment is one at which a file is being written, if any is.
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
    # Folders may vanish while we look.
    with contextlib.suppress(FileNotFoundError):
        while job.is_running() and not any(project.results.rglob(".*.part")):
            time.sleep(0.001)


@pytest.mark.parametrize(
    ("kills", "models"),
    # A model with a grid and a network have jobs of every kind.
    [(5, ["knn_grid", "mlp_batchnorm_dropout"]), pytest.param(50, MODELS, marks=pytest.mark.long)],
)
def test_killed_again_and_again_a_run_ends_like_one_never_disturbed(project, fresh, kills, models):
    for one in (project, fresh):
        one.configure(lambda settings: settings.update(compare=models))
    # Their comparison is all that is not there yet.
    project.succeed()
    for model in set(MODELS) - set(models):
        shutil.rmtree(project.results / "models" / model)
        shutil.rmtree(project.results / "figures" / model)
    choice = random.Random(kills)
    # Spread over the run: it goes on from where each kill has left it.
    most_spared = len(project.would_run("--forceall")) // kills
    for victim in itertools.islice(VICTIMS, kills):
        while not kill_once(fresh, victim, choice.randint(0, most_spared), choice):
            shutil.rmtree(fresh.results)
    # As its users start it, from the first job to the last; the other one's jobs were forked from one that had all
    # imported (warm.py).
    fresh.succeed(cold=True)
    assert results(fresh) == results(project)
    assert fresh.would_run() == set()
    assert list(fresh.folder.rglob("*.part")) == []


def test_a_change_that_was_cut_off_and_taken_back_leaves_no_trace(finished, project):
    project.configure(lambda settings: settings["models"].update(knn_pca={"n_neighbors": 3}))
    assert kill_once(project, "all", 1, random.Random(0))
    project.configure(lambda settings: settings["models"].pop("knn_pca"))
    project.succeed()
    assert results(project) == results(finished)
    assert project.would_run() == set()


# ---- Training, and who may work in a folder ----


@pytest.fixture
def longer(project: Project, request: pytest.FixtureRequest) -> Project:
    """Trained for three epochs, it is to be trained for so many that there is time to disturb it."""
    epochs = getattr(request, "param", 6000)
    project.configure(lambda settings: settings["models"]["mlp"].update(epochs=epochs))
    project.configure(lambda settings: settings["training"].update(checkpoint_interval_seconds=0.05))
    return project


@pytest.fixture
def training(longer: Project) -> Iterator[subprocess.Popen]:
    """A run in the midst of a training that has kept checkpoints."""
    snakemake = longer.start(targets=(PREDICTIONS,))
    while not list(longer.results.glob("checkpoints/mlp/*/epochs_*00.pt")):
        assert snakemake.poll() is None
        time.sleep(0.01)
    yield snakemake
    if snakemake.poll() is None:
        os.killpg(snakemake.pid, signal.SIGKILL)
    snakemake.wait()


@pytest.mark.parametrize("longer", [600], indirect=True)
def test_a_training_goes_on_where_it_was_stopped(longer, training, tmp_path):
    os.killpg(training.pid, signal.SIGKILL)
    training.wait()
    undisturbed = longer.copy(tmp_path / "undisturbed")
    shutil.rmtree(undisturbed.results / "checkpoints")

    said = longer.run(targets=(PREDICTIONS,))
    assert said.code == 0, said.text
    assert "The last run in this folder was interrupted" in said.text
    log = (longer.results / LOG).read_text()
    assert "Training goes on after" in log
    assert "Training goes on after 3 epochs," not in log
    undisturbed.succeed(targets=(PREDICTIONS,))
    assert "goes on" not in (undisturbed.results / LOG).read_text()
    assert longer.checksums("models/mlp/*.[ncp]*") == undisturbed.checksums("models/mlp/*.[ncp]*")


def test_a_second_run_in_the_same_folder_is_told_why_it_has_to_wait(longer, training):
    # It is in the midst of it for as long as it takes.
    for job in jobs_of(training, longer):
        job.suspend()
    second = longer.run(targets=(PREDICTIONS,))
    assert second.code != 0
    assert (
        "Please make sure that no other Snakemake process is trying to create the same files" in second.text
    )
    assert training.poll() is None
    # To look is allowed.
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
def test_a_full_disk_is_named_and_with_room_made_the_run_ends_well(finished, small_disk, kilobytes):
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
