"""Build a demo page that embeds an ONNX model and its runtime, and classifies images without a network."""

import base64
import gzip
from typing import Any

import onnx

from cifarbench.export.onnx_export import CLASS, INPUT, PROBABILITIES
from cifarbench.export.onnxruntime_web import PACKAGE
from cifarbench.export.templating import render_template


def demo_page(
    content: bytes, runtime: tuple[bytes, bytes], dataset: dict[str, Any], parity: dict[str, Any]
) -> str:
    """Return the page as HTML.

    content: the ONNX file. runtime: script and WebAssembly of onnxruntime-web. dataset: the content of dataset.json.
    parity: the result of `validate_onnx`.
    """
    model = {prop.key: prop.value for prop in onnx.load_from_string(content).metadata_props}["model"]
    script, machine_code = runtime
    channels, height, width = dataset["image_shape"]
    return render_template(
        "demo.html.j2",
        model=model,
        dataset=dataset,
        parity=parity,
        runtime=PACKAGE,
        # JSON for the page's script; the large parts below are compressed.
        about={
            "model": model,
            "classes": dataset["classes"],
            "channels": channels,
            "height": height,
            "width": width,
            "names": [INPUT, PROBABILITIES, CLASS],
        },
        script=_gzip_base64(script),
        machine_code=_gzip_base64(machine_code),
        content=_gzip_base64(content),
    )


def _gzip_base64(content: bytes) -> str:
    # mtime=0, so that equal models give equal pages.
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
