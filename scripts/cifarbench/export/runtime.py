"""onnxruntime-web, which runs ONNX files in a browser: fetched once from npm, kept in the cache, taken apart here."""

import tarfile
from pathlib import Path

from cifarbench.data.fetch import RemoteFile

PACKAGE = RemoteFile(
    name="onnxruntime-web-1.30.0.tgz",
    size=33_106_585,
    sha256="d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
    sources=("https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",),
    otherwise=(
        "get the file in some other way, by npm pack onnxruntime-web@1.30.0, and put it into the cache folder",
    ),
)
# The part that needs no graphics card: a module of JavaScript, and what it loads.
SCRIPT, MACHINE_CODE = "package/dist/ort.wasm.bundle.min.mjs", "package/dist/ort-wasm-simd-threaded.wasm"


def read_runtime(archive: Path) -> tuple[bytes, bytes]:
    """The script and the WebAssembly of the package."""
    with tarfile.open(archive) as package:
        script, machine_code = (package.extractfile(name).read() for name in (SCRIPT, MACHINE_CODE))
    return script, machine_code
