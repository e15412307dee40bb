"""A page with a model and what runs it inside: a picture that is dropped on it is answered, with no network."""

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
    """The page, HTML.

    content: the ONNX file. runtime: script and WebAssembly of onnxruntime-web. dataset, parity: the content of
    dataset.json and of the export's own record.
    """
    properties = {one.key: one.value for one in onnx.load_from_string(content).metadata_props}
    script, machine_code = runtime
    channels, height, width = dataset["image_shape"]
    return render_template(
        "try.html.j2",
        model=properties["model"],
        dataset=dataset,
        parity=parity,
        runtime=PACKAGE,
        # As JSON of one page; what is large is packed, and unpacked by the browser itself.
        about={
            "model": properties["model"],
            "classes": dataset["classes"],
            "channels": channels,
            "height": height,
            "width": width,
            "names": [INPUT, PROBABILITIES, CLASS],
        },
        script=_packed(script),
        machine_code=_packed(machine_code),
        content=_packed(content),
    )


def _packed(content: bytes) -> str:
    # mtime=0: the same page whenever it is made.
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
