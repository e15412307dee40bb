"""Write a page that runs an exported model in a browser."""

from pathlib import Path

from cifarbench.export.demo_page import demo_page
from cifarbench.export.onnxruntime_web import read_ort_web
from cifarbench.io.atomic import read_json, write_text
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the page; the receipt names the package of onnxruntime-web."""
    runtime = read_ort_web(Path(read_json(job.input.receipt)["path"]))
    dataset, check = read_json(job.input.dataset), read_json(job.input.parity)
    write_text(job.output.page, demo_page(job.input.onnx.read_bytes(), runtime, dataset, check))
