"""Write a page on which an exported model can be tried."""

from pathlib import Path

from cifarbench.export.runtime import read_runtime
from cifarbench.export.try_page import try_page
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_text


def main(onnx: Path, parity: Path, dataset: Path, runtime_receipt: Path, page: Path) -> None:
    """runtime_receipt: where the package of onnxruntime-web lies."""
    runtime = read_runtime(Path(read_json(runtime_receipt)["path"]))
    write_text(page, try_page(onnx.read_bytes(), runtime, read_json(dataset), read_json(parity)))


if __name__ == "__main__":
    run(main)
