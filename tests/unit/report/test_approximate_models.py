"""A kNN that searches approximately says what it found, and at what speed."""

import pytest
import small_run
from altered import with_fit, with_models

from cifarbench.report.page import render
from cifarbench.report.results import Run

ANN = {"nlist": 2048, "nprobe": 20}
FOUND = {"recall": 0.9712, "sample": 1000, "queries_per_second": 9000.0, "exact_queries_per_second": 180.0}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "of the exact ones of 1,000 test images, 50.0 times as many a second"),
        ("ru", "из точных соседей 1\N{NO-BREAK SPACE}000 тестовых изображений"),
    ],
)
def test_recall_and_speed_stand_beside_the_accuracy(run: Run, language: str, said: str) -> None:
    model = run.models["knn_pca"]
    approximate = with_fit(model, params={**model.params, "ann": ANN}, ann=ANN | FOUND)
    html, _ = render(with_models(run, approximate), small_run.settings(language))
    assert said in html
    assert "97" in html.split(said)[0][-400:]
    assert html.count(said) == 1


def test_a_search_is_told_by_its_parts_and_an_exact_one_not_at_all(run: Run) -> None:
    model = run.models["knn_pca"]
    params = {name: value for name, value in model.params.items() if name != "ann"}
    told = with_fit(model, params={**params, "ann": ANN}, ann=ANN | FOUND)
    exact = with_fit(model, params={**params, "ann": None})
    _, markdown = render(with_models(run, told), small_run.settings("en"))
    assert "`ann.nlist` 2048, `ann.nprobe` 20" in markdown
    _, markdown = render(with_models(run, exact), small_run.settings("en"))
    assert "`ann" not in markdown
