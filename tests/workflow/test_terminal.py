"""The output of a run: a line at the start and end of each job, the ranking, and on a terminal a display."""

import logging
import os
import pty
import re
import subprocess

import pytest
import terminal
from snakemake_interface_logger_plugins.common import LogEvent

from cifarbench.runtime.failures import Failure


def test_a_run_prints_two_lines_per_job_and_the_ranking(finished):
    said = (finished.folder / "run.out").read_text()
    jobs = finished.would_run("--forceall")
    lines = said.splitlines()
    for word in ("started", "done"):
        named = [
            line.split(f" {word}")[1].split("  ")[0 if word == "started" else -3]
            for line in lines
            if f" {word} " in line
        ]
        assert len(named) == len(jobs)
    assert f"({len(jobs)} of {len(jobs)})" in said
    # The findings of the checks have no limit.
    lines = [line for line in lines if not re.match(r"CB\d+ |\d+ more findings", line)]
    assert len(lines) <= 2 * len(jobs) + 20
    assert max(map(len, lines)) <= 120
    assert re.search(r"^model +accuracy +95% CI +fit time$", said, re.MULTILINE)
    assert lines.index("The report is in results/tiny/report.html") > len(lines) - 4
    assert "Error" not in said
    # Snakemake's own output is in its log file.
    log = (finished.folder / "run.log").read_text()
    assert "rule write_report:" in log
    assert "The report is in results/tiny/report.html" in log


def test_a_dry_run_does_not_list_all_files_of_the_run(finished):
    planned = finished.run("--dry-run", "--forceall").text
    assert "rule write_report:" in planned
    assert "rule all:" not in planned


def test_verbose_prints_snakemake_s_output(project):
    said = project.run("--verbose", "--forcerun", "write_report").text
    assert "rule write_report:" in said
    assert " started write_report" not in said


def test_a_terminal_shows_a_display(project):
    ours, theirs = pty.openpty()
    environment = project.environment | {"COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color"}
    command = project.command("--forcerun", "write_report")
    process = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # The end of a terminal on Linux.
        pass
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert process.wait() == 0, text
    assert "Workflow Progress" in text
    assert "write report" in text
    assert "The report is in results/tiny/report.html" in text
    assert " started write_report" not in text


@pytest.mark.parametrize(
    ("names_dataset", "said"), [(False, "train own/data_seed_1"), (True, "train tiny own/data_seed_1")]
)
def test_jobs_are_named_with_their_dataset_where_there_are_several(monkeypatch, names_dataset, said):
    monkeypatch.setattr(terminal.Job, "names_dataset", names_dataset)
    run = {"dataset": "tiny", "model": "own", "seed": "/data_seed_1", "size": ""}
    record = {"rule_name": "train", "wildcards": run, "log": [], "output": []}
    assert terminal.Job(record).name == said
    # Jobs on all datasets together have no dataset.
    assert terminal.Job(record | {"wildcards": {}}).name == "train"


def test_a_recorded_failure_is_printed_by_the_failed_job_only(tmp_path):
    lines = terminal.Lines(show_failed_logs=True)
    output = tmp_path / "fitted"
    Failure("own", "fit", "ValueError: no luck", "logs/own.log").write(output)
    run = {"dataset": "tiny", "model": "own", "seed": "", "size": ""}
    said = {}
    for number, rule in enumerate(["fit", "score"]):
        about = {"rule_name": rule, "wildcards": run, "log": [], "output": [str(output)], "jobid": number}
        assert lines.format_job_info(about).endswith(f" started {rule} own")
        said[rule] = lines.format_job_finished({"job_id": number})
    assert said["fit"].endswith(" failed  own failed in fit: ValueError: no luck\n    its log: logs/own.log")
    assert " skipped score own " in said["score"]


def test_a_full_storage_is_reported_in_one_sentence_and_once():
    words = (
        "WorkflowError:\nFailed to store output in storage s3://bucket/study/a.json\nS3UploadFailedError: Failed to "
        "upload .snakemake/storage/s3/bucket/study/a.json to bucket/study/a.json: An error occurred (InternalError) "
        "when calling the PutObject operation (reached max retries: 5): We encountered an internal error, please try "
        "again."
    )
    lines = terminal.Lines(show_failed_logs=True)
    record = logging.LogRecord("snakemake", logging.ERROR, "", 0, words, (), None)
    record.event = LogEvent.ERROR
    assert lines.format(record) == (
        "Error: The storage can't store more in s3://bucket (InternalError: We encountered an internal error, please "
        "try again); free space in it or raise its quota, and run the same command again."
    )
    assert lines.format(record) == ""
