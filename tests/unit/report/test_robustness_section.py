"""The section of the report on robustness to corruptions."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import plot_robustness
from cifarbench.io.atomic import load_npz, read_json, write_json
from cifarbench.report.results import Results
from cifarbench.report.view import render
from cifarbench.robustness.corruptions import CORRUPTIONS, evaluate_corruptions
from cifarbench.runtime.failures import Failure
from helpers import small_run
from helpers.jobs import run_job

FAILED = Failure("mlp", "evaluate_corruptions", "MemoryError")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose models have more errors at higher severities, most of all the most accurate model."""
    folder = tmp_path_factory.mktemp("robust") / "run"
    shutil.copytree(small_run.shared(), folder)
    fragile = most_accurate(folder)
    for model in small_run.MODELS:
        stored = load_npz(folder / f"models/{model}/predictions.npz")

        def images(name: str, severity: int, model: str = model) -> np.ndarray:
            share = 0.02 * severity * (1 + list(CORRUPTIONS).index(name) % 4) * (4 if model == fragile else 1)
            return np.random.default_rng(severity).random(small_run.N_TEST) < share

        def predict(lost: np.ndarray, y_pred: np.ndarray = stored["y_pred"]) -> np.ndarray:
            return np.where(lost, (y_pred + 1) % 10, y_pred)

        found = evaluate_corruptions(predict, images, stored["y_true"], [*CORRUPTIONS], [1, 3, 5])
        write_json(
            folder / f"models/{model}/robustness.json",
            found | {"is_cifar10_c": False, "ood_auroc": {"textures": 0.8}},
        )
    return folder


def most_accurate(folder: Path) -> str:
    return max(
        small_run.MODELS, key=lambda name: read_json(folder / f"models/{name}/metrics.json")["accuracy"]
    )


def plot_figure(folder: Path) -> Path:
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


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "under 15 corruptions in 3 severities"),
        ("ru", "(15 видов искажений, 3 степени)"),
    ],
)
def test_section_has_a_row_per_model_and_corruption(folder: Path, language: str, sentence: str) -> None:
    plot_figure(folder)
    text = section(folder, language)
    assert text.count("<tr>") == 3 + 2 * len(small_run.MODELS) + len(CORRUPTIONS)
    assert "<svg" in text
    assert sentence in text
    if language == "en":
        assert f"On uncorrupted images it is <code>{most_accurate(folder)}</code>, which falls from" in text


def test_failed_model_is_omitted(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    FAILED.write(tmp_path / "run/models/mlp/robustness.json")
    assert "mlp" in plot_figure(tmp_path / "run").read_text()
    text = section(tmp_path / "run")
    assert 'href="#model-mlp"' not in text
    assert 'href="#model-mlp_batchnorm_dropout"' in text


def test_section_is_optional() -> None:
    assert section(small_run.shared()) == ""


def test_temperatures_are_in_the_uncertainty_section(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    errors = {"before": 0.1234, "after": 0.0567}
    found = {"temperature": 1.8765, "n_images": 200, "ece": errors}
    write_json(tmp_path / "run/models/mlp/temperature.json", found)
    run = Results.read(tmp_path / "run", small_run.files(tmp_path / "run"))
    html, _ = render(run, small_run.settings())
    uncertainty = html.partition('<section id="uncertainty">')[2].partition("</section>")[0]
    assert ["1.88", "0.123", "0.057"] in [
        re.findall("<td>(.*?)</td>", row)[-3:] for row in uncertainty.split("<tr>")
    ]
    area = run.models["mlp"].metrics["selective"]["aurc"]
    assert f'data-value="{area}"' in uncertainty
