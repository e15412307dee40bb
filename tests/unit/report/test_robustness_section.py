"""What the report says of models on worse images."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import plot_robustness
from cifarbench.io.atomic import load_npz, read_json, write_json
from cifarbench.report.language import languages
from cifarbench.report.page import render
from cifarbench.report.results import Results
from cifarbench.robustness.evaluate import evaluate_corruptions
from cifarbench.robustness.names import CORRUPTIONS
from cifarbench.runtime.failures import Failure
from helpers import small_run
from helpers.jobs import run_job

FAILED = Failure("mlp", "evaluate_corruptions", "MemoryError")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run whose models give other answers the worse an image is; kNN on raw pixels most of all."""
    folder = tmp_path_factory.mktemp("robust") / "run"
    shutil.copytree(small_run.shared(), folder)
    for model in small_run.MODELS:
        answers = load_npz(folder / f"models/{model}/predictions.npz")

        def images(name: str, severity: int, model: str = model) -> np.ndarray:
            share = 0.02 * severity * (1 + CORRUPTIONS.index(name) % 4) * (4 if model == "knn_raw" else 1)
            return np.random.default_rng(severity).random(small_run.N_TEST) < share

        def predict(lost: np.ndarray, y_pred: np.ndarray = answers["y_pred"]) -> np.ndarray:
            return np.where(lost, (y_pred + 1) % 10, y_pred)

        found = evaluate_corruptions(predict, images, answers["y_true"], CORRUPTIONS, [1, 3, 5])
        write_json(
            folder / f"models/{model}/robustness.json",
            found | {"is_cifar10_c": False, "ood_auroc": {"textures": 0.8}},
        )
    return folder


def drawn(folder: Path) -> Path:
    figure = folder / "figures/robustness.svg"
    models = [*small_run.MODELS]
    run_job(
        plot_robustness,
        {
            name: [folder / f"models/{model}/{name}.json" for model in models]
            for name in ("robustness", "metrics")
        },
        {"figure": figure},
        small_run.styles("cost", models=models),
    )
    return figure


def section(folder: Path, language: str = "en") -> str:
    html, _ = render(Results.read(folder, small_run.files(folder)), small_run.settings(language))
    return html.partition('<section id="robustness">')[2].partition("</section>")[0]


@pytest.mark.parametrize("language", languages())
def test_the_report_has_a_row_a_model_and_one_a_corruption(folder: Path, language: str) -> None:
    drawn(folder)
    text = section(folder, language)
    assert text.count("<tr>") == 3 + 2 * len(small_run.MODELS) + len(CORRUPTIONS)
    assert "<svg" in text


def test_it_says_who_is_best_as_images_are_and_on_worse_ones(folder: Path) -> None:
    text = section(folder)
    assert "under 15 corruptions in 3 severities" in text
    assert "On uncorrupted images it is <code>knn_raw</code>, which falls from" in text


@pytest.mark.parametrize(
    ("language", "severities", "sentence"),
    [
        ("en", [3], "under 15 corruptions in 1 severity,"),
        ("ru", [3], "(15 видов искажений, 1 степень)"),
        ("ru", [1, 3], "(15 видов искажений, 2 степени)"),
        ("ru", [1, 2, 3, 4, 5], "(15 видов искажений, 5 степеней)"),
    ],
)
def test_numbers_of_severities_have_their_form(
    folder: Path, tmp_path: Path, language: str, severities: list[int], sentence: str
) -> None:
    shutil.copytree(folder, tmp_path / "run")
    for path in (tmp_path / "run").glob("models/*/robustness.json"):
        write_json(path, read_json(path) | {"severities": severities})
    assert sentence in section(tmp_path / "run", language)


def test_a_model_that_failed_is_left_out(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    FAILED.write(tmp_path / "run/models/mlp/robustness.json")
    assert "mlp" in drawn(tmp_path / "run").read_text()
    text = section(tmp_path / "run")
    assert 'href="#model-mlp"' not in text
    assert 'href="#model-mlp_batchnorm_dropout"' in text


def test_without_it_there_is_no_such_section() -> None:
    assert section(small_run.shared()) == ""


def test_temperatures_stand_beside_what_models_know_of_their_doubt(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    errors = {"before": 0.1234, "after": 0.0567}
    found = {"temperature": 1.8765, "n_images": 200, "ece": errors}
    write_json(tmp_path / "run/models/mlp/temperature.json", found)
    run = Results.read(tmp_path / "run", small_run.files(tmp_path / "run"))
    html, _ = render(run, small_run.settings())
    uncertainty = html.partition('<section id="uncertainty">')[2].partition("</section>")[0]
    assert "<td>1.88</td><td>0.123</td><td>0.057</td>" in uncertainty
    area = run.models["mlp"].metrics["selective"]["aurc"]
    assert f'data-value="{area}"' in uncertainty
