"""A stored model as one ONNX file: preprocessing, features and classifier inside, pixels in, probabilities out."""

import io
import logging
import warnings
from typing import Any

import onnx
import torch
from onnx import TensorProto, compose, helper
from torch import nn

from cifarbench.errors import UserError
from cifarbench.export.model import InferenceModel
from cifarbench.features.torch_modules import scale_pixels, to_torch

# What the exporters write, and what onnxruntime and onnxruntime-web read.
OPSET, ML_OPSET, IR_VERSION = 18, 3, 10
INPUT, PROBABILITIES, CLASS = "pixels", "probabilities", "class"


class Flatten(nn.Module):
    """Images (N, C, H, W) to rows of pixels (N, C*H*W), as features and classifiers take them."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The same pixels, uint8."""
        return images.flatten(1)


class ArgMax(nn.Module):
    """Probabilities, and the likeliest class beside them."""

    def forward(self, probabilities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, n_classes) to itself and (N,) int64."""
        return probabilities, probabilities.argmax(dim=1)


class ScalePixels(nn.Module):
    """Pixels as what an estimator gets of them: float32 in [-1, 1); features as they are."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(N, D) to (N, D) float32."""
        return scale_pixels(values)


def to_onnx(model: InferenceModel, properties: dict[str, str]) -> onnx.ModelProto:
    """The file's content: `pixels` (N, C, H, W) uint8 to `probabilities` (N, n_classes) float32 and `class` (N,) int64.

    properties: texts that the file carries with it. Raises UserError if ONNX, or who writes it, can't say some part.
    """
    shape = model.stored.image_shape
    stages = [Flatten(), *(to_torch(one.type, one.state, one.params, shape) for one in model.steps)]
    stages.append(model.predictor.to_exportable())
    # What each part is tried on; its values don't matter.
    graph, example = None, torch.zeros(2, *shape, dtype=torch.uint8)
    for part in _parts(stages):
        try:
            if isinstance(part, nn.Module):
                content = _of_torch(part.eval(), example)
                with torch.inference_mode():
                    example = part(example)
            elif part is stages[-1]:
                content = _of_scikit(part, example.shape[1], model.stored.n_classes)
            else:
                content = _of_scikit(part, example.shape[1])
                example = torch.zeros(2, part.transform(example.numpy()).shape[1])
        except UserError:
            raise
        except Exception as error:
            # Exporters end in errors of many kinds where they know no words.
            name = "one of its layers" if isinstance(part, nn.Module) else type(part).__name__
            raise UserError(
                f"{model.stored.run} can't be exported: there are no words in ONNX for {name} "
                f"({type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}); take another model."
            ) from error
        graph = content if graph is None else _joined(graph, content)
    graph.ir_version = IR_VERSION
    helper.set_model_props(graph, properties)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _parts(stages: list[Any]) -> list[Any]:
    """What is exported in one piece: modules of torch that follow each other, and each object of scikit-learn.

    The latter get what the study gives them, and a module that is the last one decides for a class.
    """
    parts: list[Any] = []
    for one in stages:
        modules = [one] if isinstance(one, nn.Module) else [ScalePixels()]
        if not (parts and isinstance(parts[-1], nn.Sequential)):
            parts.append(nn.Sequential())
        parts[-1].extend(modules)
        if one is not modules[0]:
            parts.append(one)
    if isinstance(parts[-1], nn.Sequential):
        parts[-1].append(ArgMax())
    return parts


def _of_torch(module: nn.Module, example: torch.Tensor) -> onnx.ModelProto:
    decides = isinstance(module[-1], ArgMax)
    file = io.BytesIO()
    quiet = logging.getLogger("onnxscript"), logging.getLogger("torch.onnx")
    for logger in quiet:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            file,
            input_names=[INPUT],
            output_names=[PROBABILITIES, CLASS] if decides else ["values"],
            dynamic_shapes=({0: torch.export.Dim("images", min=1)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return onnx.load_from_string(file.getvalue())


def _of_scikit(estimator: Any, n_inputs: int, n_classes: int | None = None) -> onnx.ModelProto:
    """A fitted transformer, or with `n_classes` a classifier."""
    from skl2onnx import to_onnx as convert
    from skl2onnx.common.data_types import FloatTensorType

    given = {
        "initial_types": [(INPUT, FloatTensorType([None, n_inputs]))],
        "target_opset": {"": OPSET, "ai.onnx.ml": ML_OPSET},
    }
    try:
        # Probabilities as one array, and not as a mapping for each image.
        content = convert(estimator, options={id(estimator): {"zipmap": False}}, **given)
    except NameError:
        # What gives none has no such choice.
        content = convert(estimator, **given)
    if n_classes is None:
        return content
    if list(estimator.classes_) != list(range(n_classes)):
        raise UserError("It was fitted without some of the classes, which its ONNX file would not know.")
    # So that names of its own are not those of what is added.
    content = compose.add_prefix(content, "scikit_")
    graph = content.graph
    label, found = (output.name for output in graph.output)
    if hasattr(estimator, "predict_proba"):
        graph.node.append(helper.make_node("Identity", [found], [PROBABILITIES]))
    else:
        # All of it on the class that it predicts, as the study has it.
        graph.initializer.append(helper.make_tensor("depth", TensorProto.INT64, [1], [n_classes]))
        graph.initializer.append(helper.make_tensor("off_on", TensorProto.FLOAT, [2], [0.0, 1.0]))
        graph.node.append(helper.make_node("OneHot", [label, "depth", "off_on"], [PROBABILITIES]))
    graph.node.append(helper.make_node("Identity", [label], [CLASS]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [None, n_classes]))
    graph.output.append(helper.make_tensor_value_info(CLASS, TensorProto.INT64, [None]))
    return content


def _joined(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    """One graph after the other; the first has one output, the second one input."""
    decides = [output.name for output in second.graph.output] == [PROBABILITIES, CLASS]
    second = compose.add_prefix(second, f"{len(first.graph.node)}_", rename_outputs=not decides)
    for model in (first, second):
        model.ir_version = IR_VERSION
    return compose.merge_models(
        first, second, io_map=[(first.graph.output[0].name, second.graph.input[0].name)]
    )
