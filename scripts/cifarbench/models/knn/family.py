"""Parameters and checks of k nearest neighbours."""

from collections.abc import Iterator

from cifarbench.planning.model_family import COUNT, DataShape, Entry, ModelFamily, Parameter

FAMILY_LABEL = "nearest neighbours"


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    nlist = entry["ann"]["nlist"] if entry["ann"] else 0
    for name, value in (("n_neighbors", entry["n_neighbors"]), ("ann.nlist", nlist)):
        if value > data.n_train:
            yield f"{key}.{name} is {value}; it must be at most {data.n_train}, {data.n_train_label}."


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
        "class_weight": Parameter(
            {"enum": ["balanced"]},
            "weight each vote by the inverse frequency of its class among the training images",
            "`balanced`",
            default=None,
            stored=False,
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
    # A search for the largest number of neighbours includes those for all smaller ones.
    shared_search_param="n_neighbors",
    check_data=_check_data,
)
