"""The example code of a model card, which reads an image as the workflow does."""

import re

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from cifarbench.data.image_file import read_image
from cifarbench.export.best_model import read_run
from cifarbench.export.model_card import model_card
from cifarbench.io.atomic import read_json
from cifarbench.models.saved_model import SavedModel
from helpers import small_run

CHECK = {"n_images": 1, "n_equal": 1, "ambiguous": [], "max_abs_diff": 0.0}
CHECK |= {"speed": {"batch": 1, "onnxruntime": {"one_image_ms": 1.0, "batch_ms": 1.0}}}


def oriented(image: Image.Image) -> Image.Exif:
    exif = image.getexif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_card_s_code_reads_an_image_as_the_workflow_does(tmp_path, monkeypatch, channels, mode):
    results = small_run.shared()
    run = read_run(results)
    name = run.ranking[0].name
    dataset = read_json(results / "data/dataset.json") | {"image_shape": [channels, 12, 16], "resize": True}
    stored = SavedModel(results, name, read_json(results / f"models/{name}/fit.json"), dataset)
    card = model_card(stored, run, CHECK, {}, None)
    code = re.search("```python\n(.*?)```", card, re.DOTALL)[1]
    values = np.random.default_rng(0).integers(0, 256, (40, 120, 4), np.uint8)
    image = Image.fromarray(values).convert(mode)
    image.save(tmp_path / "image.png", exif=oriented(image))
    fed = []

    class Session:
        def __init__(self, path):
            assert path == f"{name}.onnx"

        def run(self, outputs, inputs):
            fed.append(inputs["pixels"])
            return np.ones((1, len(dataset["classes"]))), np.zeros(1, int)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    expected, _ = read_image(tmp_path / "image.png", (channels, 12, 16), resize=True)
    assert np.array_equal(fed[0], expected.reshape(1, channels, 12, 16))
