"""Download onnxruntime-web, which runs ONNX files in a browser, into the cache by npm, and read its files."""

import subprocess
import tarfile
import tempfile
from pathlib import Path

from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file

PACKAGE = "onnxruntime-web@1.30.0"
FILE = "onnxruntime-web-1.30.0.tgz"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
# The build for the CPU: a JavaScript module, and the WebAssembly that it loads.
SCRIPT = "package/dist/ort.wasm.bundle.min.mjs"
WASM = "package/dist/ort-wasm-simd-threaded.wasm"


def read_ort_web(archive: Path) -> tuple[bytes, bytes]:
    """Return the script and the WebAssembly in the package."""
    with tarfile.open(archive) as package:
        script, wasm = (file.read() for file in map(package.extractfile, (SCRIPT, WASM)) if file)
    return script, wasm


def fetch_ort_web(folder: Path) -> Path:
    """Return the path of the package in a cache folder; download it by npm if it is not there.

    Raises UserError if there is no npm, or if the download fails or has another checksum.
    """
    path = folder / FILE
    by_hand = f"by `npm pack {PACKAGE}` on another machine, and put {FILE} into {folder}."
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            try:
                command = ["npm", "pack", PACKAGE, "--pack-destination", temporary, "--silent"]
                subprocess.run(command, check=True, capture_output=True, text=True)
            except FileNotFoundError:
                raise UserError(
                    f"npm, which downloads {PACKAGE}, is not installed; get it {by_hand}"
                ) from None
            except subprocess.CalledProcessError as error:
                reason = error.stderr.strip().partition("\n")[0] or f"it ended with {error.returncode}"
                raise UserError(f"npm can't download {PACKAGE} ({reason}); get it {by_hand}") from None
            Path(temporary, FILE).replace(path)
    if sha256_file(path) != SHA256:
        raise UserError(f"{path} has a wrong checksum; delete it, or get {PACKAGE} {by_hand}")
    return path
