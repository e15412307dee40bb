"""Write a page on which an exported model can be tried."""

from pathlib import Path

from cifarbench.export.runtime import read_runtime
from cifarbench.export.try_page import try_page
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_json, write_text


def main(job: Job) -> None:
    """runtime_receipt: where the package of onnxruntime-web lies."""
    runtime = read_runtime(Path(read_json(job.input.receipt)["path"]))
    write_text(
        job.output.page,
        try_page(
            job.input.onnx.read_bytes(), runtime, read_json(job.input.dataset), read_json(job.input.parity)
        ),
    )


if __name__ == "__main__":
    run(main)
