"""Parameters and checks of predictions that were made elsewhere."""

from collections.abc import Iterator

from cifarbench.data.provenance import expand_home
from cifarbench.planning.model_family import DataShape, Entry, ModelFamily, read_parameters

FAMILY_LABEL = "predictions from files"


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    if not expand_home(entry["file"]).is_file():
        yield f"{key}.file is {entry['file']}, which does not exist; name a file of predictions."
    for name in ("mean", "std"):
        values = (entry["input"] or {}).get(name, [0])
        if len(values) not in (1, data.image_shape[0]):
            yield (
                f"{key}.input.{name} has {len(values)} values; give one, or one for each of {data.image_shape[0]} "
                "channels."
            )
    if entry["input"] and not entry["file"].endswith(".onnx"):
        yield f"{key}.input describes the images that an ONNX file takes; delete it, since file is {entry['file']}."


FAMILY = ModelFamily(
    "predictions",
    package="predictions",
    parameters=read_parameters("predictions"),
    family_labels=(FAMILY_LABEL,),
    uses_features=False,
    is_fitted=False,
    source_file=lambda entry: str(expand_home(entry["file"])),
    check_data=_check_data,
)
