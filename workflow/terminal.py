"""Format a run's output: a display on a terminal, elsewhere one line as each job starts and ends.

Snakemake's log file, --verbose and the jobs of a dry run keep Snakemake's own messages.
"""

import logging
import os
import re
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

from snakemake.logging import ColorizingTextHandler, DefaultFormatter, logger, show_logs
from snakemake_interface_logger_plugins.common import LogEvent

from cifarbench.io.object_store import format_s3_error
from cifarbench.messages import job_labels
from cifarbench.runtime.failures import Failure, find_failure

try:
    from rich.progress import TimeRemainingColumn
    from snakemake_logger_plugin_rich import LogHandler
except ImportError:  # Optional in a cluster's environment.
    LogHandler = None

# Messages for authors of workflows.
ASIDES = re.compile(
    r"Assuming unrestricted|Using shell|host: |Building DAG|Rules claiming|Select jobs"
    r"|(Conda|Singularity|Group) \w+: (ignored|inactive)|Config file .* is extended|Elapsed time"
    r"|(Storing in|Retrieving from) storage|Finished (upload|retrieval)|Removing local copy of storage"
)
# A warning on each input with the pathvar of the results; it has no effect.
NO_WARNING = "Wildcard constraints in inputs are ignored"
# The message of the storage plugin when an output can't be stored, in three lines.
NOT_STORED = re.compile(
    r"Failed to store output in storage (s3://[^/\s]+).*?"
    r"An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)",
    re.DOTALL,
)
# Progress in the last line of a log: `epoch 12 of 200, test accuracy 0.4812; ...`.
TIME = re.compile(r"^[\d-]+ [\d:,]+ ")
AMOUNT = re.compile(r"([\d.]+) of ([\d.]+)")
POLL_SECONDS = 0.5
TAIL_BYTES = 1000


def is_aside(record: logging.LogRecord) -> bool:
    """Return whether a message of Snakemake is only for authors of workflows."""
    event = getattr(record, "event", None)
    if event in (LogEvent.JOB_STARTED, LogEvent.RESOURCES_INFO):
        return True
    if event == LogEvent.ERROR:
        # The command of a failed job, which is followed by the job's error message.
        return "CalledProcessError in" in str(record.msg)
    if event is None and str(record.msg).startswith(NO_WARNING):
        return True
    return event is None and record.levelno <= logging.INFO and bool(ASIDES.match(str(record.msg)))


def not_stored(record: logging.LogRecord) -> str:
    """Return an error message for an output that could not be stored; "" for other records."""
    is_error = getattr(record, "event", None) == LogEvent.ERROR
    match = NOT_STORED.search(str(record.msg)) if is_error else None
    return f"Error: {format_s3_error(match[1], 'write', match[2], match[3])}" if match else ""


class Job:
    """A running job, from Snakemake's record of its start."""

    # Whether names contain the dataset: only if a run has several datasets or splits.
    names_dataset = False

    def __init__(self, record: dict[str, Any]):
        self.rule = record["rule_name"]
        dataset, *labels = job_labels(record["wildcards"])
        self.name = " ".join(filter(None, [self.rule, dataset * self.names_dataset, *labels]))
        self.is_target = not record["output"]
        self.log = [Path(path) for path in record["log"]]
        self.outputs = [Path(path) for path in record["output"]]
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """The seconds since its start."""
        return time.monotonic() - self.started

    def failure(self) -> Failure | None:
        """Return the failure that is recorded in place of its outputs; None if there is none."""
        return find_failure(self.outputs)

    def last_line(self) -> str:
        """Return the last line of its log, without the time."""
        try:
            with open(self.log[-1], "rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - TAIL_BYTES, 0))
                lines = file.read().decode(errors="replace").splitlines()
        except (OSError, IndexError):
            return ""
        return TIME.sub("", next((line.strip() for line in reversed(lines) if line.strip()), ""))


def describe_failed_job(job: Job, whole: bool) -> str:
    """Return a job's failure: the last line of its log, the log's path, and for an unexpected error the whole log."""
    sentence = job.last_line()
    reason = sentence.removeprefix("Error: ") or "its log is empty"
    lines = [f"{job.name} failed: {reason}"]
    lines += [f"    its log: {path}" for path in job.log]
    if whole and sentence and not sentence.startswith("Error: "):
        lines += [line for line in show_logs(job.log) if not line.startswith("Logfile ")]
    return "\n".join(lines)


def describe_recorded_failure(job: Job, failure: Failure) -> str:
    """Describe a failure that did not end the run; "" for jobs that only pass it on."""
    return f"{failure}\n    its log: {failure.log}" if failure.step == job.rule else ""


class Lines(DefaultFormatter):
    """Format one line as each job starts and ends, with its seconds; errors and warnings in full."""

    def __init__(self, show_failed_logs: bool):
        super().__init__(show_failed_logs=show_failed_logs)
        self.jobs: dict[int, Job] = {}
        self.total = self.done = 0
        self.last_storage_error = ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; "" for asides and for repeated messages of the storage."""
        if sentence := not_stored(record):
            first, self.last_storage_error = sentence != self.last_storage_error, sentence
            return sentence if first else ""
        return "" if is_aside(record) else super().format(record)

    def format_progress(self, msg: dict[str, Any]) -> str:
        """Return nothing: the line of each job has it, or the log file."""
        return ""

    format_workflow_started = format_group_info = format_progress

    def format_run_info(self, msg: dict[str, Any]) -> str:
        """Return the number of jobs, without the target rule."""
        stats = {rule: count for rule, count in msg["stats"].items() if rule not in ("total", "all")}
        self.total = sum(stats.values())
        return f"{self.total} job" + "s" * (self.total != 1)

    def format_job_info(self, msg: dict[str, Any]) -> str:
        """Return the line of a job's start; on a cluster, of its submission."""
        job = self.jobs[msg["jobid"]] = Job(msg)
        return "" if job.is_target else f"{_clock()} started {job.name}"

    def format_job_finished(self, msg: dict[str, Any]) -> str:
        """Return the line of a job's end."""
        job = self.jobs.pop(msg["job_id"], None)
        if job is None or job.is_target:
            return ""
        self.done += 1
        failure = job.failure()
        if failure and (text := describe_recorded_failure(job, failure)):
            return f"{_clock()} failed  {text}"
        ended = "skipped" if failure else "done   "
        return f"{_clock()} {ended} {job.name}  {job.seconds:.1f} s  ({self.done} of {self.total})"

    def format_job_error(self, msg: dict[str, Any]) -> str:
        """Return a job's failure. Snakemake repeats it at the end."""
        job = self.jobs.get(msg["jobid"])
        return describe_failed_job(job, self.show_failed_logs) if job else super().format_job_error(msg)


class LineHandler(ColorizingTextHandler):
    """Snakemake's handler, without its empty line before a job."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.last_msg_was_job_info = True
        super().emit(record)


def _clock() -> str:
    return time.strftime("%H:%M:%S")


if LogHandler:

    class Remaining(TimeRemainingColumn):
        """Show the remaining time of a job whose log has progress; jobs differ too much to estimate all."""

        def render(self, task: Any) -> Any:
            """Return the remaining time; "" for the counts of jobs."""
            return super().render(task) if task.fields.get("has_progress") else ""

    class Display(LogHandler):
        """The display of snakemake-logger-plugin-rich, with a bar for each job whose log has its progress."""

        def __post_init__(self) -> None:
            """Add the remaining time, and watch the logs."""
            super().__post_init__()
            self.progress.columns += (Remaining(),)
            self.running: dict[int, Job] = {}
            self.bars: dict[int, Any] = {}
            self.last_storage_error = ""
            self.ended = Event()
            Thread(target=self._watch, daemon=True).start()

        def emit(self, record: logging.LogRecord) -> None:
            """Show a record; a failure as `describe_failed_job` describes it."""
            event = getattr(record, "event", None)
            if is_aside(record):
                return
            if sentence := not_stored(record):
                self._print_storage_error(sentence)
                return
            if event == LogEvent.JOB_INFO:
                self.running[record.jobid] = Job(record.__dict__)
            elif event == LogEvent.JOB_FINISHED and (job := self._end(record.job_id)):
                failure = job.failure()
                if failure and (text := describe_recorded_failure(job, failure)):
                    self._print_error(text)
            elif event == LogEvent.JOB_ERROR and (job := self._end(record.jobid)):
                self.event_handler.progress_display.mark_rule_failed(job.rule)
                self._print_error(describe_failed_job(job, self.settings.show_failed_logs))
                return
            elif event == LogEvent.GROUP_ERROR:
                self._print_error(
                    DefaultFormatter(show_failed_logs=self.settings.show_failed_logs).format(record)
                )
            super().emit(record)
            if event == LogEvent.RUN_INFO:
                # The plugin counts one job of each rule as running before any is.
                for task in self.progress.tasks:
                    self.progress.update(task.id, active=0)

        def _print_storage_error(self, sentence: str) -> None:
            # The storage repeats its message.
            if sentence != self.last_storage_error:
                self._print_error(sentence)
            self.last_storage_error = sentence

        def close(self) -> None:
            """Remove the display."""
            self.ended.set()
            super().close()

        def _print_error(self, text: str) -> None:
            self.console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)

        def _end(self, number: int) -> Job | None:
            if number in self.bars:
                self.progress.remove_task(self.bars.pop(number))
            return self.running.pop(number, None)

        def _watch(self) -> None:
            while not self.ended.wait(POLL_SECONDS):
                for number, job in list(self.running.items()):
                    progress = job.last_line().partition(";")[0]
                    amount = AMOUNT.search(progress)
                    # The job may have ended meanwhile.
                    if not amount or number not in self.running:
                        continue
                    done, total = map(float, amount.groups())
                    if number not in self.bars:
                        self.bars[number] = self.progress.add_task(
                            "", active="", has_progress=True, start=True
                        )
                    label = " ".join(job.name.split()[1:]) or job.rule
                    self.progress.update(
                        self.bars[number],
                        total=total,
                        completed=done,
                        description=f"[dim]{label}:[/] {progress}",
                    )


def install(settings: Any, *, names_datasets: bool) -> None:
    """Replace Snakemake's handler of terminal output, unless another logger or --verbose is set.

    settings: Snakemake's output settings. names_datasets: whether the names of jobs have their dataset.
    """
    Job.names_dataset = names_datasets
    default = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    if default is None or settings.verbose or logger.level > logging.INFO:
        return
    if settings.dryrun:
        # Without the job of the target rule, which lists every file of the experiment.
        default.addFilter(lambda record: getattr(record, "event", None) != LogEvent.JOB_INFO or record.output)
        return
    if LogHandler and default.is_tty and not default.nocolor and not settings.quiet:
        replacement = Display(settings, None)
    else:
        replacement = LineHandler(default.nocolor, default.stream, Lines(settings.show_failed_logs))
        replacement.filters = default.filters
    replacement.name = default.name
    logger.removeHandler(default)
    logger.addHandler(replacement)
