"""Write a page on which an exported model can be tried."""

from pathlib import Path

from cifarbench.export.demo_page import demo_page
from cifarbench.export.onnxruntime_web import read_ort_web
from cifarbench.io.atomic import read_json, write_text
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """runtime_receipt: where the package of onnxruntime-web lies."""
    runtime = read_ort_web(Path(read_json(job.input.receipt)["path"]))
    write_text(
        job.output.page,
        demo_page(
            job.input.onnx.read_bytes(), runtime, read_json(job.input.dataset), read_json(job.input.parity)
        ),
    )


if __name__ == "__main__":
    run(main)
