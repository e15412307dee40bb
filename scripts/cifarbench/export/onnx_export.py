"""Export a fitted model as one ONNX file from pixels to probabilities: preprocessing, features and classifier."""

import io
import logging
import warnings
from typing import Any

import onnx
import torch
from onnx import TensorProto, compose, helper
from torch import nn

from cifarbench.errors import UserError
from cifarbench.export.inference_model import InferenceModel
from cifarbench.features.torch_modules import scale_pixels, to_torch

# Versions that the exporters write, and that onnxruntime and onnxruntime-web read.
OPSET = 18
ML_OPSET = 3
IR_VERSION = 10
# Names of the file's input and outputs.
INPUT = "pixels"
PROBABILITIES = "probabilities"
CLASS = "class"


class ArgMax(nn.Module):
    """Add the most likely class to the probabilities."""

    def forward(self, probabilities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the probabilities (N, n_classes) and the classes (N,) int64."""
        return probabilities, probabilities.argmax(dim=1)


class ScalePixels(nn.Module):
    """Scale pixels to float32 in [-1, 1), as for an estimator; features stay as they are."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return values (N, D) as (N, D) float32."""
        return scale_pixels(values)


def to_onnx(model: InferenceModel, properties: dict[str, str]) -> onnx.ModelProto:
    """Return the ONNX graph of a model from pixels to class probabilities.

    Input: `pixels` (N, C, H, W) uint8. Outputs: `probabilities` (N, n_classes) float32 and `class` (N,) int64.

    properties: metadata of the file. Raises UserError if a part of the model can't be exported.
    """
    shape = model.stored.image_shape
    stages = [nn.Flatten(), *(to_torch(step.type, step.state, step.params, shape) for step in model.steps)]
    stages.append(model.predictor.to_exportable())
    # An example of each part's input; its values don't matter.
    graph, example = None, torch.zeros(2, *shape, dtype=torch.uint8)
    for part in _parts(stages):
        try:
            if isinstance(part, nn.Module):
                content = _export_torch(part.eval(), example)
                with torch.inference_mode():
                    example = part(example)
            elif part is stages[-1]:
                content = _export_sklearn(part, example.shape[1], model.stored.n_classes)
            else:
                content = _export_sklearn(part, example.shape[1])
                example = torch.zeros(2, part.transform(example.numpy()).shape[1])
        except UserError:
            raise
        except Exception as error:
            # Exporters raise many types of exceptions for unsupported operators.
            name = "one of its layers" if isinstance(part, nn.Module) else type(part).__name__
            raise UserError(
                f"{model.stored.run} can't be exported: ONNX has no operators for {name} "
                f"({type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}); export another model."
            ) from error
        graph = content if graph is None else _merge(graph, content)
    assert graph is not None  # There is at least one part.
    graph.ir_version = IR_VERSION
    helper.set_model_props(graph, properties)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _parts(stages: list[Any]) -> list[Any]:
    """Return the parts that are exported one by one: sequences of torch modules, and each object of scikit-learn.

    Pixels are scaled before the latter, and a final sequence ends in ArgMax.
    """
    parts: list[Any] = []
    for stage in stages:
        modules = [stage] if isinstance(stage, nn.Module) else [ScalePixels()]
        if not (parts and isinstance(parts[-1], nn.Sequential)):
            parts.append(nn.Sequential())
        parts[-1].extend(modules)
        if stage is not modules[0]:
            parts.append(stage)
    if isinstance(parts[-1], nn.Sequential):
        parts[-1].append(ArgMax())
    return parts


def _export_torch(module: nn.Module, example: torch.Tensor) -> onnx.ModelProto:
    is_last = isinstance([*module.children()][-1], ArgMax)
    file = io.BytesIO()
    for name in ("onnxscript", "torch.onnx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            file,  # type: ignore[arg-type]  # It writes to binary files, too.
            input_names=[INPUT],
            output_names=[PROBABILITIES, CLASS] if is_last else ["values"],
            dynamic_shapes=({0: torch.export.Dim("images", min=1)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return onnx.load_from_string(file.getvalue())


def _export_sklearn(estimator: Any, n_inputs: int, n_classes: int | None = None) -> onnx.ModelProto:
    """Return the graph of a fitted transformer, or with `n_classes` of a classifier."""
    from skl2onnx import to_onnx as convert
    from skl2onnx.common.data_types import FloatTensorType

    options = {
        "initial_types": [(INPUT, FloatTensorType([None, n_inputs]))],
        "target_opset": {"": OPSET, "ai.onnx.ml": ML_OPSET},
    }
    try:
        # Probabilities as one array, not as a mapping for each image.
        content = convert(estimator, options={id(estimator): {"zipmap": False}}, **options)
    except NameError:
        # Classifiers without probabilities do not have this option.
        content = convert(estimator, **options)
    if n_classes is None:
        return content
    if list(estimator.classes_) != list(range(n_classes)):
        raise UserError(
            "The classifier was fitted without some of the classes and can't be exported; export another."
        )
    # The added nodes need other names.
    content = compose.add_prefix(content, "scikit_")
    graph = content.graph
    label, scores = (output.name for output in graph.output)
    if hasattr(estimator, "predict_proba"):
        graph.node.append(helper.make_node("Identity", [scores], [PROBABILITIES]))
    else:
        # Probability 1 for the predicted class.
        graph.initializer.append(helper.make_tensor("depth", TensorProto.INT64, [1], [n_classes]))
        graph.initializer.append(helper.make_tensor("off_on", TensorProto.FLOAT, [2], [0.0, 1.0]))
        graph.node.append(helper.make_node("OneHot", [label, "depth", "off_on"], [PROBABILITIES]))
    graph.node.append(helper.make_node("Identity", [label], [CLASS]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [None, n_classes]))
    graph.output.append(helper.make_tensor_value_info(CLASS, TensorProto.INT64, [None]))
    return content


def _merge(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    """Return both graphs as one; the first has one output, the second one input."""
    is_last = [output.name for output in second.graph.output] == [PROBABILITIES, CLASS]
    second = compose.add_prefix(second, f"{len(first.graph.node)}_", rename_outputs=not is_last)
    for model in (first, second):
        model.ir_version = IR_VERSION
    return compose.merge_models(
        first, second, io_map=[(first.graph.output[0].name, second.graph.input[0].name)]
    )
