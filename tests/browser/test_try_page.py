"""The demo page of a model in a real browser: it predicts as the model does, without network access."""

import base64
import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from cifarbench.data.fetch import cache_dir
from cifarbench.errors import UserError
from cifarbench.export.demo_page import demo_page
from cifarbench.export.inference_model import InferenceModel
from cifarbench.export.onnx_export import to_onnx
from cifarbench.export.onnx_validate import benchmark_latency, make_session, validate_onnx
from cifarbench.export.onnxruntime_web import fetch_ort_web, read_ort_web
from helpers.screens import DESKTOP, PHONE
from helpers.small_model import CLASSES, NEIGHBORS, PERCEPTRON, pixels_of, write_model

MODELS = {"network in colours": ("networks", PERCEPTRON, 3), "grey neighbours": ("knn", NEIGHBORS, 1)}
DROP = """([name, content]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    document.getElementById("drop").dispatchEvent(
        new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


class Demo(NamedTuple):
    model: InferenceModel
    page: Path


@pytest.fixture(scope="module")
def runtime() -> tuple[bytes, bytes]:
    try:
        archive = fetch_ort_web(cache_dir())
    except UserError as error:
        pytest.skip(f"needs onnxruntime-web from npm: {str(error).splitlines()[0]}")
    return read_ort_web(archive)


@pytest.fixture(scope="module", params=MODELS)
def made(
    request: pytest.FixtureRequest, runtime: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Demo:
    folder = tmp_path_factory.mktemp("made")
    model = InferenceModel(write_model(folder, *MODELS[request.param]))
    content = to_onnx(model, {"model": "model"}).SerializeToString()
    pixels = pixels_of(model.stored)
    predictions = model.predict(pixels)
    same = validate_onnx(make_session(content), model, pixels, predictions.y_pred, predictions.proba)
    parity = same | {"speed": benchmark_latency(make_session(content), model, pixels)}
    page = folder / "model.demo.html"
    page.write_text(demo_page(content, runtime, model.stored.dataset, parity))
    return Demo(model, page)


def png(pixels: np.ndarray, image_shape: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    image = pixels.reshape(image_shape).transpose(1, 2, 0)
    Image.fromarray(image[:, :, 0] if image_shape[0] == 1 else image).save(file, "PNG")
    return file.getvalue()


def open_ready_page(open_url, page: Path, **options):
    shown = open_url(page.as_uri(), **options)
    shown.locator("#status").get_by_text("Ready.").wait_for()
    return shown


def test_chosen_images_get_the_model_s_predictions_without_requests(open_url, made):
    shape, pixels = made.model.stored.image_shape, pixels_of(made.model.stored)[:3]
    page = open_url(made.page.as_uri())
    files = [
        {"name": f"{row}.png", "mimeType": "image/png", "buffer": png(one, shape)}
        for row, one in enumerate(pixels)
    ]
    page.locator("#files").set_input_files(files)
    page.locator(".result").nth(2).wait_for()
    expected = made.model.predict(pixels)
    # The newest result is first.
    for row, answer in enumerate(reversed(page.locator(".result").all())):
        assert answer.get_attribute("data-label") == CLASSES[expected.y_pred[row]]
        found = json.loads(answer.get_attribute("data-probabilities"))
        np.testing.assert_allclose(found, expected.proba[row], atol=1e-5, rtol=0)
        assert answer.locator("h2").inner_text() == CLASSES[expected.y_pred[row]]
        assert answer.locator("tr").count() == len(CLASSES)
    assert [url for url in page.requests if not url.startswith(("data:", "blob:"))] == [made.page.as_uri()]
    assert page.complaints == []


def test_dropped_images_are_resized_and_other_files_refused(open_url, made):
    # The page's policy forbids the script with which Playwright drops a file.
    page = open_ready_page(open_url, made.page, bypass_csp=True)
    file = io.BytesIO()
    Image.new("RGB", (50, 20), "white").save(file, "JPEG")
    page.evaluate(DROP, ["white.jpg", base64.b64encode(file.getvalue()).decode()])
    page.locator(".result").wait_for()
    white = made.model.predict(np.full((1, pixels_of(made.model.stored).shape[1]), 255, np.uint8))
    found = json.loads(page.locator(".result").get_attribute("data-probabilities"))
    np.testing.assert_allclose(found, white.proba[0], atol=1e-5, rtol=0)
    page.evaluate(DROP, ["list.txt", base64.b64encode(b"milk, bread").decode()])
    page.locator("#status").get_by_text("list.txt can't be opened as an image").wait_for()
    assert page.locator(".result").count() == 1


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_is_accessible_and_does_not_scroll_sideways(open_url, violations, made, viewport):
    page = open_ready_page(open_url, made.page, viewport=viewport, bypass_csp=True)
    shape = made.model.stored.image_shape
    content = base64.b64encode(png(pixels_of(made.model.stored)[0], shape)).decode()
    page.evaluate(DROP, [f"{'a_long_name_' * 10}.png", content])
    page.locator(".result").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert not violations(page)
