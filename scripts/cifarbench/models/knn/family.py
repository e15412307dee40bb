"""Parameters and checks of k nearest neighbours."""

from collections.abc import Iterator

from cifarbench.planning.model_family import DataShape, Entry, ModelFamily, read_parameters

FAMILY_LABEL = "nearest neighbours"


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    nlist = entry["ann"]["nlist"] if entry["ann"] else 0
    for name, value in (("n_neighbors", entry["n_neighbors"]), ("ann.nlist", nlist)):
        if value > data.n_train:
            yield f"{key}.{name} is {value}; it must be at most {data.n_train}, {data.n_train_label}."


FAMILY = ModelFamily(
    "knn",
    package="knn",
    parameters=read_parameters("knn"),
    family_labels=(FAMILY_LABEL,),
    # A search for the largest number of neighbours includes those for all smaller ones.
    shared_search_param="n_neighbors",
    check_data=_check_data,
)
