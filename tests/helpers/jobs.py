"""Run the scripts of rules in this process."""

from types import ModuleType, SimpleNamespace
from typing import Any

from cifarbench.runtime.job import Job


def run_job(
    script: ModuleType,
    input: dict[str, Any],
    output: dict[str, Any],
    settings: dict[str, Any] | None = None,
    code: str = "",
    threads: int = 1,
    **options: Any,
) -> None:
    """Run a script's job with these named files."""
    job = Job(
        rule=script.__name__,
        input=SimpleNamespace(**input),
        output=SimpleNamespace(**output),
        settings=settings or {},
        options=options,
        threads=threads,
        code=code,
        failure_of=None,
        tries_left=0,
        log="",
    )
    script.main(job)
