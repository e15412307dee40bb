"""A temporary Slurm of one node on the loopback interface."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from threading import Event, Thread

from helpers.seaweed import free_ports

# Programs that Slurm starts do not inherit SLURM_CONF, so the file must be at Slurm's default path.
CONFIGURATION = Path("/etc/slurm/slurm.conf")
NODE = "node1"
# The node may declare more than this machine has, because no job computes for long.
CPUS = 6
MEMORY_MB = 24_000

SLURM_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
{addresses}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=0
SchedulerParameters=bf_interval=5
# Jobs that have ended stay in the records: of them the tests ask.
MinJobAge=3600
KillWait=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
MailProg=/bin/true
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} Gres=gpu:2
PartitionName=cpu Nodes={node} Default=YES MaxTime=1-0 DefaultTime=10 State=UP
PartitionName=gpu Nodes={node} MaxTime=1-0 DefaultTime=10 State=UP
"""
# The simulated GPUs are existing devices that no job opens.
GRES_CONF = """
AutoDetect=off
NodeName={node} Name=gpu File=/dev/null
NodeName={node} Name=gpu File=/dev/zero
"""


def why_not() -> str | None:
    """Return why no Slurm can be started here, or None if one can."""
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    missing = [
        program for program in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(program)
    ]
    if missing:
        return f"no {', '.join(missing)} here; tests/cluster/install.sh installs them on Debian"
    if CONFIGURATION.exists() and not CONFIGURATION.is_symlink():
        return f"{CONFIGURATION} is there: this machine has a Slurm of its own"
    if _pid_of(CONFIGURATION.resolve().with_name("slurmctld.pid"), "slurmctld"):
        return f"the Slurm of another run of these tests is up, in {CONFIGURATION.resolve().parent}"
    return None


class Slurm:
    """The daemons, started by `start` and ended by `stop`, each by its process id."""

    def __init__(self, folder: Path):
        self.folder = folder
        # Devices of each job by its id, recorded while it runs: Slurm does not list them afterwards.
        self.devices: dict[str, str] = {}
        self._ended = Event()

    def start(self) -> None:
        """Start munge, the controller and the node's daemon; raise TimeoutError if they aren't ready after 30 s."""
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o711)
        key = self.folder / "munge/key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(1024))
        self._configure()
        self._run("munged", "--force", f"--key-file={key}", *self._munge_files())
        self.start_controller()
        self._run("slurmd", "-N", NODE)
        self._wait(lambda: self.ask("sinfo", "-h", "-p", "cpu", "-o", "%t").strip() == "idle", "the node")
        Thread(target=self._watch, daemon=True).start()

    def start_controller(self) -> None:
        """Start the controller, which restores the jobs of its last run."""
        self._run("slurmctld")
        self._wait(lambda: "is UP" in self.ask("scontrol", "ping"), "the controller")

    def stop_controller(self) -> None:
        """End the controller; running jobs continue."""
        self._end(self.folder / "slurmctld.pid", "slurmctld")

    def stop(self) -> None:
        """Cancel all jobs and end the daemons."""
        self._ended.set()
        try:
            jobs = [record["JobId"] for record in self.jobs() if record["JobState"] in ("PENDING", "RUNNING")]
            if jobs:
                self.ask("scancel", "--full", *jobs)
                self._wait(lambda: not self.ask("squeue", "-h"), "the cancelled jobs")
        finally:
            for name in ("slurmd", "slurmctld"):
                self._end(self.folder / f"{name}.pid", name)
            self._end(self.folder / "munge/pid", "munged")
            if CONFIGURATION.resolve() == self.folder / "slurm.conf":
                CONFIGURATION.unlink()

    def ask(self, *command: str) -> str:
        """Return the standard output of a Slurm command, without checking its exit code."""
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    def jobs(self, folder: Path | None = None) -> list[dict[str, str]]:
        """Return scontrol's records of all jobs or of those of a folder, including ended ones, sorted by id."""
        records = self.ask("scontrol", "show", "--details", "--oneliner", "job").splitlines()
        found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in records if line.startswith("JobId")]
        submitted = [record for record in found if folder is None or record["WorkDir"] == str(folder)]
        return sorted(submitted, key=lambda record: int(record["JobId"]))

    def _watch(self) -> None:
        while not self._ended.wait(1):
            self.devices |= {job["JobId"]: job["GRES"] for job in self.jobs() if job.get("GRES")}

    def _configure(self) -> None:
        host = socket.gethostname().split(".")[0]
        controller_port, node_port = free_ports(2)
        settings = {
            "folder": self.folder,
            "host": host,
            "node": NODE,
            "cpus": CPUS,
            "memory_mb": MEMORY_MB,
            "controller_port": controller_port,
            "node_port": node_port,
            "addresses": "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny" if _is_loopback(host) else "",
        }
        (self.folder / "slurm.conf").write_text(SLURM_CONF.format(**settings))
        (self.folder / "gres.conf").write_text(GRES_CONF.format(**settings))
        CONFIGURATION.parent.mkdir(exist_ok=True)
        CONFIGURATION.unlink(missing_ok=True)
        CONFIGURATION.symlink_to(self.folder / "slurm.conf")

    def _munge_files(self) -> list[str]:
        files = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        return [f"--{option}={self.folder}/munge/{name}" for option, name in files.items()]

    def _run(self, *command: str) -> None:
        # Slurm reads gres.conf from the folder of the file that SLURM_CONF names.
        environment = os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf")}
        # The daemons continue in the background and would keep a pipe open.
        with open(self.folder / "start.log", "a") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            subprocess.run(command, check=True, env=environment, timeout=60, **streams)

    def _wait(self, is_ready, what: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not is_ready():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text() for path in self.folder.glob("*.log"))
                raise TimeoutError(f"{what} did not get ready in {seconds} s:\n{logs}")
            time.sleep(0.1)

    def _end(self, pid_file: Path, program: str) -> None:
        """Terminate a daemon, and kill it if it has not ended after 15 s."""
        pid = _pid_of(pid_file, program)
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 15
        while _pid_of(pid_file, program) and time.monotonic() < end:
            time.sleep(0.05)
        if _pid_of(pid_file, program):
            os.kill(pid, signal.SIGKILL)


def _pid_of(pid_file: Path, program: str) -> int | None:
    """Return the process id in a pid file, or None if that process does not run the program."""
    try:
        pid = int(pid_file.read_text())
        return pid if Path(f"/proc/{pid}/comm").read_text().strip() == program else None
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None


def _is_loopback(host: str) -> bool:
    try:
        return socket.gethostbyname(host).startswith("127.")
    except OSError:
        return False
