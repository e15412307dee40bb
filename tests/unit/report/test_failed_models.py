"""A model that failed is a row that says why, and a run without any other has a page, too."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cifarbench.report.language import Language, languages
from cifarbench.report.page import render
from cifarbench.report.results import Results
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
def test_a_failed_model_is_named_with_its_reason(folder: Path, language: str):
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
    # Why features failed is why their model did.
    assert "<code>pca</code>" in summary and "<code>fit_features</code>" in summary
    assert summary.count('class="failure"') == 2

    rows = re.findall(
        r"<tr.*?</tr>", html.partition('<section id="summary">')[2].partition("</table>")[0], re.S
    )
    assert [re.search("#model-([a-z_]+)", row)[1] for row in rows[1:]] == [*small_run.NINE]
    (row,) = (row for row in rows if "#model-forest" in row)
    assert DASH in row and "fit_estimator" in row and 'data-value=""' in row

    section = article(html, "forest")
    assert "results/digits/logs/fit_estimator/forest.log" in section
    assert "results/digits/logs/fit_features/pca/all.log" in article(html, "knn_pca")
    assert "<figure" not in section and "<table" not in section
    assert "forest" not in html.partition('<section id="cost">')[2].partition("</section>")[0]

    (line,) = (line for line in markdown.splitlines() if line.startswith("| `forest` |"))
    assert line.count(f" {DASH} |") == 5 and "\\|" in line
    assert markdown.count("<details>") == markdown.count("</details>") == len(small_run.NINE)
    table = re.search(r"(?:^\|.*\n)+", markdown, re.MULTILINE)[0]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_figures_of_all_models_leave_it_out(folder: Path):
    small_run.fail(folder, "forest", NO_SOLVER)
    compared(folder)
    for name in ("accuracy", "paired_tests", "accuracy_vs_cost"):
        drawing = (folder / f"figures/{name}.svg").read_text()
        assert "forest" not in drawing
        assert "knn_raw" in drawing


def test_a_failed_seed_is_named_and_left_out(tmp_path: Path):
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
    # With its first seed, the whole model fails.
    small_run.fail(folder, "mlp", Failure("mlp", "train_network", "RuntimeError: loss is NaN"))
    small_run.compare(folder, list(models), (0, 1, 2))
    run = Results.read(folder, small_run.files(folder))
    assert (list(run.failed), run.failed_seeds) == (["mlp"], {})


@pytest.mark.parametrize("language", languages())
def test_a_page_without_any_model_says_so(folder: Path, language: str):
    for model in small_run.NINE:
        small_run.fail(folder, model, replace(NO_SOLVER, failed=model))
    run = compared(folder)
    html, markdown = page(run, language)
    sentence = Language(language)("No model finished, so there is nothing to compare.")
    assert sentence in first_screen(html) and sentence in markdown
    assert first_screen(html).count('class="failure"') == len(small_run.NINE)
    assert re.findall('<section id="([a-z]+)">', html) == ["summary", "models", "data", "reproduce"]
    assert "<figure" not in html


def test_one_model_left_has_a_page_without_pairs(folder: Path):
    for model in [*small_run.MODELS, "linear_edges", "my_network"]:
        small_run.fail(folder, model, replace(NO_SOLVER, failed=model))
    html, _ = page(compared(folder))
    assert "<code>forest</code> is the most accurate" in html
    assert not {"pairs", "claims", "agreement"} & set(re.findall('<section id="([a-z]+)">', html))


def test_a_figure_that_failed_is_missed_and_nothing_else(folder: Path):
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
