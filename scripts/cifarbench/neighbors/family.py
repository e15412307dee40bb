"""k nearest neighbours, as the configuration and the report know them."""

from collections.abc import Iterator

from cifarbench.study.family import COUNT, Entry, Family, Parameter, Setting

KIND = "nearest neighbours"
# Of approximate searches, by method.
DEFAULTS = {
    "hnsw": {"links": 32, "build_effort": 80, "effort": 64},
    "ivf": {"lists": 1024, "effort": 16},
}
# Points of one graph: more would go on growing in memory, and in time more than in proportion.
MOST_LINKED = 50_000


def n_indexes(search: Entry, n_points: int) -> int:
    """Among how many indexes an approximate search divides its points."""
    return max(-(-n_points // MOST_LINKED), 1) if search["method"] == "hnsw" else 1


def _impossible(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    if entry["n_neighbors"] > setting.n_train:
        yield (
            f"{key}.n_neighbors is {entry['n_neighbors']}; it must be at most {setting.n_train}, "
            f"{setting.n_train_is}."
        )


def _impossible_search(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    search = entry["search"] and DEFAULTS[entry["search"]["method"]] | entry["search"]
    if search and search.get("lists", 0) > setting.n_train:
        yield (
            f"{key}.search.lists is {search['lists']}; it must be at most {setting.n_train}, {setting.n_train_is}."
        )


def _all_impossible(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    yield from _impossible(key, entry, setting)
    yield from _impossible_search(key, entry, setting)


SEARCH = {
    "type": ["object", "null"],
    "required": ["method"],
    "properties": {"method": {"enum": ["hnsw", "ivf"]}},
    "oneOf": [
        {"type": "null"},
        {
            "additionalProperties": False,
            "properties": {
                "method": {"const": "hnsw"},
                "links": {"type": "integer", "minimum": 2, "maximum": 512},
                "build_effort": {"type": "integer", "minimum": 1, "maximum": 10000},
                "effort": {"type": "integer", "minimum": 1, "maximum": 100000},
            },
        },
        {
            "additionalProperties": False,
            "properties": {
                "method": {"const": "ivf"},
                "lists": {"type": "integer", "minimum": 1, "maximum": 1000000},
                "effort": {"type": "integer", "minimum": 1, "maximum": 1000000},
            },
        },
    ],
}

FAMILY = Family(
    "knn",
    room="neighbors",
    parameters={
        "n_neighbors": Parameter(COUNT, "neighbours that vote", "1 to the number of training images"),
        "metric": Parameter(
            {"enum": ["euclidean", "cosine"]},
            "how far two images are apart: by their difference, or by the angle between them",
            "`euclidean`, `cosine`",
            required=False,
            default="euclidean",
        ),
        "weights": Parameter(
            {"enum": ["uniform", "distance"]},
            "whether near neighbours have a greater say: all the same, or by the inverse of the distance",
            "`uniform`, `distance`",
            required=False,
            default="uniform",
        ),
        "search": Parameter(
            SEARCH,
            "approximate search: `method: ivf`, `lists` of points around centres (1024), of which a search looks into "
            "`effort` (16), the faster one where many images are asked about at once; or `method: hnsw`, a graph, with "
            "its `links` of a point (32), `build_effort` (80) and `effort` (64), points that a search keeps in view. "
            "Its recall is measured and stands in fit.json",
            "`null` for exact search; a mapping",
            required=False,
            default=None,
        ),
    },
    kinds=(KIND,),
    # A search for the largest number of neighbours holds those for all smaller ones.
    every_value_of="n_neighbors",
    impossible=_all_impossible,
)
