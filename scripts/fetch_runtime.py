"""Have onnxruntime-web in the cache, fetched if it is not there."""

from pathlib import Path

import platformdirs

from cifarbench.data.fetch import fetch
from cifarbench.export.runtime import PACKAGE
from cifarbench.study.command import run
from cifarbench.study.files import write_json


def main(runtime_receipt: Path, cache: str = "") -> None:
    """runtime_receipt: what is written: where it lies. cache: the cache folder; the user's own by default."""
    folder = Path(cache) if cache else platformdirs.user_cache_path("cifarbench")
    path, origin = fetch(PACKAGE, folder)
    write_json(runtime_receipt, {"path": str(path.resolve()), "sha256": PACKAGE.sha256, "source": origin})


if __name__ == "__main__":
    run(main)
