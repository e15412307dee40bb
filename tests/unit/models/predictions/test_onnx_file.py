"""Predictions of ONNX files: input layouts and scales, outputs, and refusal of invalid files."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

from cifarbench.errors import UserError
from cifarbench.models.predictions.onnx_file import predict_onnx
from cifarbench.models.predictions.reader import TestSet

CLASSES = ["cat", "dog", "frog"]
SHAPE = (3, 2, 4)
N = 250
random = np.random.default_rng(0)
PIXELS = random.integers(256, size=(N, 24), dtype=np.uint8)
TEST_SET = TestSet(CLASSES, np.zeros(N, int))
WEIGHTS = random.normal(size=(24, 3)).astype(np.float32)
MEAN, STD = [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]


def model(
    path: Path, shape: list, softmax: bool = False, metadata: dict | None = None, type_: int = 1
) -> Path:
    """Write a linear classifier of flattened images as an ONNX file with the given input layout."""
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["proba"], axis=1),
    ]
    output = helper.make_tensor_value_info("proba" if softmax else "logits", TensorProto.FLOAT, [None, 3])
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("images", type_, shape)],
        [output],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(content, metadata or {})
    onnx.save(content, path)
    return path


def expected(layout: str, scale: float = 1 / 255, mean: list = [0], std: list = [1]) -> np.ndarray:  # noqa: B006
    images = PIXELS.reshape(-1, *SHAPE) * scale
    images = (images - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1))
    logits = (images.transpose(0, 2, 3, 1) if layout == "nhwc" else images).reshape(N, -1) @ WEIGHTS
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def predict(path: Path, declared: dict | None = None) -> np.ndarray:
    y_pred, proba, has_probabilities = predict_onnx(path, TEST_SET, PIXELS, SHAPE, declared, threads=1)
    assert has_probabilities and y_pred.tolist() == proba.argmax(axis=1).tolist()
    return proba


@pytest.mark.parametrize(
    ("layout", "shape"),
    [("nchw", [None, *SHAPE]), ("nhwc", ["batch", 2, 4, 3]), ("flat", [None, 24]), ("nchw", [50, *SHAPE])],
)
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("declared", [{}, {"mean": MEAN, "std": STD, "scale": 0.01}, {"mean": [0.5]}])
def test_layouts_are_detected_and_scales_declared(tmp_path, layout, shape, softmax, declared):
    path = model(tmp_path / "theirs.onnx", shape, softmax)
    np.testing.assert_allclose(predict(path, declared), expected(layout, **declared), atol=1e-5)


def test_metadata_of_the_file_and_a_declared_layout_are_used(tmp_path):
    metadata = {"layout": "nhwc", "mean": str(MEAN), "std": str(STD), "scale": "0.01", "author": "them"}
    path = model(tmp_path / "theirs.onnx", ["n", "a", "b", "c"], metadata=metadata)
    given = {"mean": MEAN, "std": STD, "scale": 0.01}
    np.testing.assert_allclose(predict(path), expected("nhwc", **given), atol=1e-5)
    np.testing.assert_allclose(
        predict(path, {"layout": "nchw", "mean": [0]}), expected("nchw", **given | {"mean": [0]}), atol=1e-5
    )


def test_pixels_are_not_scaled_for_a_file_that_takes_bytes(tmp_path):
    path = model(tmp_path / "theirs.onnx", [None, *SHAPE], type_=TensorProto.UINT8)
    np.testing.assert_allclose(predict(path), expected("nchw", scale=1), atol=1e-4)


@pytest.mark.parametrize("zipmap", [True, False])
def test_classifiers_of_scikit_learn_are_read(tmp_path, zipmap):
    from skl2onnx import to_onnx

    values, labels = PIXELS / np.float32(255), PIXELS[:, 0] % 3
    fitted = LogisticRegression().fit(values, labels)
    content = to_onnx(fitted, values[:1], options={"zipmap": zipmap})
    (tmp_path / "theirs.onnx").write_bytes(content.SerializeToString())
    np.testing.assert_allclose(predict(tmp_path / "theirs.onnx"), fitted.predict_proba(values), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "declared", "sentence"),
    [
        (
            [None, 3, 4, 2],
            {},
            r"takes images \['?\w*'?, 3, 4, 2\]; export it with one input .* \(3, 2, 4\) \(nchw\)",
        ),
        ([None, 24], {"layout": "nhwc"}, r"takes images .* and not the layout nhwc; export it"),
        ([60, 24], {}, "takes 60 images at a time, which does not divide 250"),
    ],
)
def test_incompatible_inputs_are_refused(tmp_path, shape, declared, sentence):
    with pytest.raises(UserError, match=sentence):
        predict(model(tmp_path / "theirs.onnx", shape), declared)


def test_incompatible_outputs_and_other_files_are_refused(tmp_path):
    path = model(tmp_path / "theirs.onnx", [None, 24])
    with pytest.raises(UserError, match=r"has the outputs logits .* export one of 2 values per image"):
        predict_onnx(path, TestSet(["a", "b"], TEST_SET.y_true), PIXELS, SHAPE, None, threads=1)
    path.write_text("no model")
    with pytest.raises(UserError, match=r"theirs.onnx can't be run by onnxruntime \(.*\); export it again"):
        predict(path)
