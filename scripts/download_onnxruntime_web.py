"""Download onnxruntime-web into the cache, if it is not there."""

from cifarbench.data.fetch import cache_dir
from cifarbench.export.onnxruntime_web import PACKAGE, SHA256, fetch_ort_web
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the receipt of the package. cache: the cache folder; the user's cache folder if empty."""
    path = fetch_ort_web(cache_dir(job.options["cache"]))
    write_json(job.output.receipt, {"path": str(path.resolve()), "sha256": SHA256, "source": PACKAGE})
