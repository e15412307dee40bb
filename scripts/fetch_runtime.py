"""Have onnxruntime-web in the cache, fetched if it is not there."""

from cifarbench.data.fetch import cache_folder
from cifarbench.export.runtime import PACKAGE, SHA256, fetch_runtime
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """runtime_receipt: what is written: where it lies. cache: the cache folder; the user's own by default."""
    path = fetch_runtime(cache_folder(job.options["cache"]))
    write_json(job.output.receipt, {"path": str(path.resolve()), "sha256": SHA256, "source": PACKAGE})


if __name__ == "__main__":
    run(main)
