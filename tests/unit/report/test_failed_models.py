"""Reports with failed models, which have a row with the reason and are omitted elsewhere."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cifarbench.report.results import Results
from cifarbench.report.translation import Translator, languages
from cifarbench.report.view import render
from cifarbench.runtime.failures import Failure
from helpers import small_run

OTHERS = [name for name in small_run.NINE if name not in small_run.MODELS]
DASH = "\N{EN DASH}"
NO_SOLVER = Failure(
    "forest",
    "fit_estimator",
    "ValueError: no `solver` <l1> | l2.",
    "results/digits/logs/fit_estimator/forest.log",
)
NO_MEMORY = Failure(
    "pca", "fit_features", "it was killed by SIGKILL", "results/digits/logs/fit_features/pca/all.log"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(small_run.shared(*OTHERS), tmp_path, dirs_exist_ok=True)
    return tmp_path


def compared(folder: Path) -> Results:
    small_run.compare(folder, [*small_run.NINE], (0, 1))
    return Results.read(folder, small_run.files(folder))


def page(run: Results, language: str = "en") -> tuple[str, str]:
    return render(run, small_run.settings(language, small_run.NINE))


def first_screen(html: str) -> str:
    return html.partition('<section id="summary">')[2].partition("<table")[0]


def article(html: str, model: str) -> str:
    return html.partition(f'id="model-{model}"')[2].partition("</details>")[0]


@pytest.mark.parametrize("language", languages())
def test_failed_model_is_shown_with_its_reason(folder: Path, language: str):
    small_run.fail(folder, "forest", NO_SOLVER)
    small_run.fail(folder, "knn_pca", NO_MEMORY)
    run = compared(folder)
    assert list(run.failed) == ["knn_pca", "forest"]
    assert "forest" not in run.models
    html, markdown = page(run, language)
    summary = first_screen(html)
    reason = "<code>ValueError: no &#39;solver&#39; &lt;l1&gt; | l2</code>."
    for words in ("<code>forest</code>", "<code>fit_estimator</code>", reason):
        assert words in summary
    # A model fails if its features fail.
    assert "<code>pca</code>" in summary and "<code>fit_features</code>" in summary
    assert summary.count('class="failure"') == 2

    table = html.partition('<table class="sortable comparison">')[2].partition("</table>")[0]
    rows = dict(re.findall(r"<tr.*?#model-([a-z_]+)(.*?)</tr>", table, re.S))
    assert [*rows] == [*small_run.NINE]
    assert all(words in rows["forest"] for words in (DASH, "fit_estimator", 'data-value=""'))

    section = article(html, "forest")
    assert "results/digits/logs/fit_estimator/forest.log" in section
    assert "results/digits/logs/fit_features/pca/all.log" in article(html, "knn_pca")
    assert "<figure" not in section and "<table" not in section
    assert "forest" not in html.partition('<section id="cost">')[2].partition("</section>")[0]

    (line,) = (line for line in markdown.splitlines() if line.startswith("| `forest` |"))
    assert line.count(f" {DASH} |") == 6 and "\\|" in line
    assert markdown.count("<details>") == markdown.count("</details>") == len(small_run.NINE)
    (table,) = (found for found in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE) if line in found)
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_failed_seed_is_excluded_from_the_mean(tmp_path: Path):
    models = {name: small_run.MODELS[name] for name in ("knn_raw", "mlp")}
    folder = small_run.write(tmp_path, seeds=(0, 1, 2), models=models)
    small_run.fail(folder, "mlp/seed_1", Failure("mlp", "train_network", "RuntimeError: loss is NaN"))
    small_run.compare(folder, list(models), (0, 1, 2))
    run = Results.read(folder, small_run.files(folder))
    assert [one.fit["seed"] for one in run.models["mlp"].every_seed] == [0, 2]
    assert list(run.failed_seeds) == ["mlp/seed_1"]
    html, markdown = page(run)
    assert "<code>mlp</code> failed with seed 1 in <code>train_network</code>" in first_screen(html)
    assert "RuntimeError: loss is NaN" in markdown
    assert "seeds 0, 2" in html


@pytest.mark.parametrize("language", languages())
def test_run_without_any_model_has_a_report(folder: Path, language: str):
    for model in small_run.NINE:
        small_run.fail(folder, model, replace(NO_SOLVER, failed=model))
    run = compared(folder)
    html, markdown = page(run, language)
    sentence = Translator(language)("No model finished, so there is nothing to compare.")
    assert sentence in first_screen(html) and sentence in markdown
    assert first_screen(html).count('class="failure"') == len(small_run.NINE)
    assert re.findall('<section id="([a-z]+)">', html) == ["summary", "models", "data", "reproduce"]
    assert "<figure" not in html


def test_run_with_one_model_left_has_no_pairs(folder: Path):
    for model in [*small_run.MODELS, "linear_edges", "my_network"]:
        small_run.fail(folder, model, replace(NO_SOLVER, failed=model))
    html, _ = page(compared(folder))
    assert "<code>forest</code> is the most accurate" in html
    assert not {"pairs", "claims", "agreement"} & set(re.findall('<section id="([a-z]+)">', html))


def test_failed_figure_is_reported_in_its_section(folder: Path):
    broken = Failure("mlp", "plot_model", "ValueError: no colour", "results/digits/logs/plot_model/mlp.log")
    for name in ("confusion_matrix.svg", "reliability.svg"):
        broken.write(folder / "figures/mlp" / name)
    Failure("mlp", "summarize_training_curve", "IndexError: no epoch").write(
        folder / "models/mlp/training_summary.json"
    )
    run = compared(folder)
    assert "mlp" in run.models
    html, markdown = page(run)
    section = article(html, "mlp")
    assert section.count('class="failure"') == 2
    assert "since <code>plot_model</code> failed: <code>ValueError: no colour</code>." in section
    assert "results/digits/logs/plot_model/mlp.log" in section
    assert 'id="training-mlp"' not in html
    assert 'class="failure"' not in first_screen(html)
    assert "figures/mlp/confusion_matrix.svg" not in markdown
    assert "figures/mlp/predictions.png" in markdown
