"""Parameters and checks of k nearest neighbours."""

from collections.abc import Iterator

from cifarbench.planning.model_family import COUNT, DataShape, Entry, ModelFamily, Parameter

FAMILY_LABEL = "nearest neighbours"


def _impossible(key: str, entry: Entry, setting: DataShape) -> Iterator[str]:
    if entry["n_neighbors"] > setting.n_train:
        yield (
            f"{key}.n_neighbors is {entry['n_neighbors']}; it must be at most {setting.n_train}, "
            f"{setting.n_train_label}."
        )
    if entry["ann"] and entry["ann"]["nlist"] > setting.n_train:
        yield (
            f"{key}.ann.nlist is {entry['ann']['nlist']}; it must be at most {setting.n_train}, "
            f"{setting.n_train_label}."
        )


ANN = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "required": ["nlist", "nprobe"],
    "properties": {
        "nlist": {"type": "integer", "minimum": 1, "maximum": 1000000},
        "nprobe": {"type": "integer", "minimum": 1, "maximum": 1000000},
    },
}

FAMILY = ModelFamily(
    "knn",
    package="knn",
    parameters={
        "n_neighbors": Parameter(
            COUNT, "number of neighbours that vote", "1 to the number of training images"
        ),
        "metric": Parameter(
            {"enum": ["euclidean", "cosine"]},
            "distance between two images",
            "`euclidean`, `cosine`",
            default="euclidean",
        ),
        "weights": Parameter(
            {"enum": ["uniform", "distance"]},
            "weights of the votes: equal, or the inverse distance",
            "`uniform`, `distance`",
            default="uniform",
        ),
        "ann": Parameter(
            ANN,
            "approximate search: an inverted file of `nlist` lists, of which each query probes `nprobe`; `fit.json` "
            "has the measured recall",
            "`null` for exact search; a mapping of `nlist` and `nprobe`, such as 1024 and 16",
            default=None,
        ),
    },
    family_labels=(FAMILY_LABEL,),
    # A search for the largest number of neighbours holds those for all smaller ones.
    shared_search_param="n_neighbors",
    check_data=_impossible,
)
