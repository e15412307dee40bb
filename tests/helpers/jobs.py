"""Run the scripts of rules, in this process or in another one."""

import json
from types import ModuleType
from typing import Any

from cifarbench.runtime.job import Job


def describe_job(
    input: dict[str, Any],
    output: dict[str, Any],
    settings: dict[str, Any] | None = None,
    *,
    rule: str = "",
    code: str = "",
    threads: int = 1,
    failure_of: str | None = None,
    tries_left: int = 0,
    **options: Any,
) -> str:
    """Return the JSON text by which a rule describes a job."""
    content = {
        "rule": rule,
        "input": input,
        "output": output,
        "settings": settings or {},
        "options": options,
        "threads": threads,
        "code": code,
        "failure_of": failure_of,
        "tries_left": tries_left,
    }
    return json.dumps(content, default=str)


def run_job(script: ModuleType, *files: dict[str, Any], **more: Any) -> None:
    """Run a script's job in this process; the arguments are those of `describe_job`."""
    script.main(Job.parse(describe_job(*files, rule=script.__name__, **more), log=""))
