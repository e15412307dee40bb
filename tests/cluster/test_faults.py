"""A run on a cluster with many faults, whose results equal those of an undisturbed local run."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from helpers.slurm import NODE, Slurm
from helpers.study import NETWORKS, RESULTS, SLURM, Study, comment, predictions_of

FIRST, SECOND = NETWORKS
# Slurm's default partition and account are used. GPUs are requested as on clusters that accept only --gres.
TRAINING = ["runtime=1", "gpu=0", "gres='gpu:1'"]
LIMITED = [*SLURM, "--set-resources", *(f"train_network:{resource}" for resource in TRAINING), "--"]


def wait_for(
    condition: Callable[[], bool], what: str, run: subprocess.Popen | None = None, seconds: float = 240
) -> None:
    """Wait for a condition; fail after `seconds`, or when `run` ends."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        assert run is None or run.poll() is None, f"{what}: Snakemake has ended"
        time.sleep(0.1)


class Trainings:
    """Slurm's records of the trainings of an experiment."""

    def __init__(self, slurm: Slurm, study: Study):
        self.slurm, self.study = slurm, study

    def jobs(self, network: str) -> list[dict[str, str]]:
        """Return the jobs of the network's training, one per submission."""
        return [job for job in self.slurm.jobs(self.study.folder) if job["Comment"] == comment(network)]

    def states(self, network: str) -> list[str]:
        """Return the states of these jobs."""
        return [job["JobState"] for job in self.jobs(network)]


def training_process(study: Study, network: str) -> int | None:
    """Return the id of the process that trains a network of this study; None if there is none."""
    scripts = [f"scripts/{name}.py" for name in ("run_job", "train_network")]
    arguments = [*scripts, f"{RESULTS}/logs/train_network/{network}.log"]
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_training = (process / "cmdline").read_text().split("\0")[1:-1] == arguments
            if is_training and (process / "cwd").resolve() == study.folder.resolve():
                return int(process.name)
    return None


def suspend_trainings(study: Study, since: float, run: subprocess.Popen) -> None:
    """Suspend each training of a run after its first checkpoint, so that none ends before all are suspended."""
    running = list(NETWORKS)

    def suspended() -> bool:
        for network in list(running):
            process = training_process(study, network)
            checkpoints = (study.folder / RESULTS / "checkpoints" / network).glob("*/epochs_*.pt")
            if process and any(file.stat().st_mtime > since for file in checkpoints):
                os.kill(process, signal.SIGSTOP)
                running.remove(network)
        return not running

    wait_for(suspended, "trainings", run)


def test_results_after_faults_equal_local_results(slurm, study, home):
    targets = predictions_of(*NETWORKS)
    trainings = Trainings(slurm, study)

    # Snakemake is killed while networks train. docs/cluster.md: cancel their jobs, unlock, start again.
    begun = time.time()
    run = study.start(*LIMITED, *targets)
    try:
        suspend_trainings(study, begun, run)
    finally:
        run.kill()
        run.wait()
    slurm.ask("scancel", *(trainings.jobs(network)[-1]["JobId"] for network in NETWORKS))
    wait_for(lambda: all(trainings.states(network) == ["CANCELLED"] for network in NETWORKS), "cancelled")
    study.run(*SLURM, "--unlock")

    begun = time.time()
    run = study.start(*LIMITED, *targets)
    try:
        # One training hangs until Slurm kills it at its time limit; the other is cancelled while the node is drained.
        suspend_trainings(study, begun, run)
        slurm.ask("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
        slurm.ask("scancel", trainings.jobs(SECOND)[-1]["JobId"])
        wait_for(
            lambda: trainings.states(SECOND) == ["CANCELLED", "CANCELLED", "PENDING"], "it is sent again", run
        )
        # The controller is stopped and started again, and then the node resumes.
        slurm.stop_controller()
        time.sleep(3)
        slurm.start_controller()
        assert trainings.states(SECOND)[-1] == "PENDING"
        assert trainings.states(FIRST)[-1] == "RUNNING"
        slurm.ask("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
        code = run.wait(900)
    finally:
        run.kill()
        run.wait()
    assert code == 0, (study.folder / "run.log").read_text()

    for network, end in ((FIRST, "TIMEOUT"), (SECOND, "CANCELLED")):
        cancelled, ended, *slow, last = trainings.states(network)
        assert (cancelled, ended, last) == ("CANCELLED", end, "COMPLETED")
        # On a busy machine, a training may exceed its time limit of a minute, and continues in the next job.
        assert set(slow) <= {"TIMEOUT"}
    for job in [*trainings.jobs(FIRST), *trainings.jobs(SECOND)]:
        assert (job["Partition"], job["Account"]) == ("cpu", "(null)")
        assert (job["TresPerNode"], job.get("TresPerJob")) == ("gres:gpu:1", None)
    home.finish()
    expected, found = home.study.outputs(), study.outputs()
    for network in NETWORKS:
        log = study.folder / RESULTS / f"logs/train_network/{network}.log"
        assert "Training goes on after" in log.read_text()
        for name in (f"models/{network}/predictions.npz", f"models/{network}/history.csv"):
            assert found[name] == expected[name]
