"""Parameters and checks of predictions that were made elsewhere."""

from collections.abc import Iterator
from typing import Any

from cifarbench.data.provenance import expand_home
from cifarbench.planning.model_family import DataShape, Entry, ModelFamily, Parameter

FAMILY_LABEL = "predictions from files"
LAYOUTS = ("nchw", "nhwc", "flat")
PER_CHANNEL: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3}
# What may be known of the fit; keys of fit.json.
KNOWN: dict[str, Any] = {
    **{
        name: {"type": "number", "minimum": 0}
        for name in ("fit_seconds", "predict_seconds", "tuning_seconds", "peak_memory_mb", "stored_mb")
    },
    "n_parameters": {"type": "integer", "minimum": 0},
    "seed": {"type": "integer"},
    "device": {"type": "string"},
    "pretrained": {"type": "boolean"},
}


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
    parameters={
        "file": Parameter(
            {
                "type": "string",
                "pattern": r"\.(csv|npz|onnx)$",
                "title": "a file that ends in .csv, .npz or .onnx",
            },
            "predictions of the test images, or an ONNX file that predicts them",
            "a `.csv`, `.npz` or `.onnx` file",
        ),
        "input": Parameter(
            {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {
                    "layout": {"enum": list(LAYOUTS)},
                    "scale": {"type": "number", "exclusiveMinimum": 0},
                    "mean": PER_CHANNEL,
                    "std": PER_CHANNEL,
                },
            },
            "images as an ONNX file takes them: `layout` (by the shape of its input unless given), and for floats "
            "(pixel * `scale` - `mean`) / `std`, with `scale` 1/255 unless given",
            "a mapping of `layout` (`nchw`, `nhwc`, `flat`), `scale`, `mean` and `std`",
            default=None,
        ),
        "fit": Parameter(
            {"type": ["object", "null"], "additionalProperties": False, "properties": KNOWN},
            "what is known of the fit; the rest is empty in the report",
            f"a mapping of keys of `fit.json`: {', '.join(f'`{name}`' for name in KNOWN)}",
            default=None,
        ),
        "test_set_hash": Parameter(
            {"type": "string", "pattern": "^[0-9a-f]{64}$", "title": "a sha256 of 64 hexadecimal digits"},
            "checksum of the test images that were predicted; other images are refused",
            "`provenance.test_set_hash` of a `metrics.json`",
            default=None,
            stored=False,
        ),
    },
    family_labels=(FAMILY_LABEL,),
    uses_features=False,
    is_fitted=False,
    source_file=lambda entry: str(expand_home(entry["file"])),
    check_data=_check_data,
)
