"""Download the published weights of a backbone into the cache, unless they are on this machine."""

from cifarbench.data.fetch import cache_dir
from cifarbench.features.published_weights import find_weights
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the receipt of the weights of `backbone`. cache: the cache folder; the user's cache folder if empty."""
    weights = find_weights(job.settings["backbone"])
    write_json(job.output.receipt, weights.fetch(cache_dir(job.options["cache"])))
