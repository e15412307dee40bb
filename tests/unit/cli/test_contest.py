"""Leaderboards of submitted predictions, and runs merged into one comparison."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cifarbench.cli import leaderboard, merge
from cifarbench.cli import test_set as write_test_set
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_csv
from helpers import small_run

N = small_run.N_TEST


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    shutil.copytree(small_run.shared(), folder)
    y_true = np.load(folder / "models/knn_raw/predictions.npz")["y_true"]
    np.save(folder / "data/test_labels.npy", y_true)
    (folder / "history/now").mkdir(parents=True)
    config = {"dataset": "digits", "seed": 0, "seeds": [0, 1], "compare": list(small_run.MODELS)}
    (folder / "history/now/config.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture
def submissions(results: Path, tmp_path: Path) -> Path:
    """Write five submissions with 0% to 40% errors, two with equal predictions, and three invalid ones."""
    folder, y_true = tmp_path / "submissions", np.load(results / "data/test_labels.npy")
    folder.mkdir()
    errors = np.random.default_rng(0).permutation(N)
    for number, name in enumerate("abcde"):
        y_pred = y_true.copy()
        y_pred[errors[: N * number // 10]] += 1
        np.savez(folder / f"{name}.npz", y_pred=y_pred % 10)
    shutil.copy(folder / "c.npz", folder / "copy.npz")
    labels = np.load(folder / "b.npz")["y_pred"]
    (folder / "b_too.csv").write_text("label\n" + "\n".join(map(str, labels)) + "\n")
    (folder / "short.csv").write_text("index,label\n0,1\n")
    (folder / "page.docx").write_text("words")
    (folder / "<i>.csv").write_text("")
    (folder / ".hidden").write_text("")
    return folder


def test_the_test_set_is_written_without_labels(results, tmp_path):
    write_test_set.main(results, str(tmp_path / "out"))
    images = np.load(tmp_path / "out/test_images.npz")["images"]
    pixels = np.load(results / "data/test_images.npy")
    assert np.array_equal(images.reshape(N, -1), pixels)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out/images/00359.png")), images[359])
    assert [row["index"] for row in read_csv(tmp_path / "out/template.csv")] == [*range(N)]
    assert {*(path.name for path in (tmp_path / "out").iterdir())} == {
        *("images", "test_images.npz", "template.csv", "README.md")
    }
    assert "0 zero, 1 one" in (tmp_path / "out/README.md").read_text()


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_submissions_are_ranked_on_all_test_images(results, submissions, metric):
    leaderboard.main(results, submissions, metric=metric)
    rows = {row["submission"]: row for row in read_csv(results / "leaderboard.csv")}
    names = ["a.npz", "b.npz", "b_too.csv", "c.npz", "copy.npz", "d.npz", "e.npz"]
    assert [*rows] == [*names, "<i>.csv", "page.docx", "short.csv"]
    assert [rows[name]["rank"] for name in names] == [1, 2, 2, 4, 4, 6, 7]
    assert all(rows[name]["rank_low"] <= rows[name]["rank"] <= rows[name]["rank_high"] for name in names)
    assert [rows[name]["tied_group"] for name in names] == [1, 2, 2, 3, 3, 4, 5]
    assert rows["b.npz"]["same_predictions_as"] == "b_too.csv" and not rows["a.npz"]["same_predictions_as"]
    assert rows["c.npz"]["same_predictions_as"] == "copy.npz"
    assert rows["short.csv"]["error"].startswith("short.csv has 359 images (1, 2, 3, ...) missing;")
    assert "is not a .csv, .npz or .onnx file" in rows["page.docx"]["error"]
    page = (results / "leaderboard.html").read_text()
    assert "By all 360 test images." in page and "most frequent class" in page and "&lt;i&gt;.csv" in page
    assert "<i>" not in page
    assert not (results / "leaderboard_final.csv").exists()


def test_the_final_ranking_uses_the_held_out_test_images(results, submissions):
    y_true = np.load(results / "data/test_labels.npy")
    y_pred = y_true.copy()
    is_public = leaderboard._public_images(y_true, 0.5)
    assert np.abs(np.bincount(y_true[is_public]) - np.bincount(y_true) / 2).max() <= 1
    # Correct on the public images only.
    y_pred[~is_public] = 0
    np.savez(submissions / "tuned.npz", y_pred=y_pred)
    leaderboard.main(results, submissions, public=0.5, language="ru")
    public, final = (read_csv(results / f"{name}.csv") for name in ("leaderboard", "leaderboard_final"))
    score_of = {row["submission"]: row["score"] for row in final}
    assert [row["rank"] for row in public if row["submission"] in ("a.npz", "tuned.npz")] == [1, 1]
    assert score_of["a.npz"] == 1 and score_of["tuned.npz"] < 0.2
    assert "Таблица" in (results / "leaderboard.html").read_text()


def test_submissions_can_be_ranked_by_log_loss(results, submissions):
    """Submit the prediction files of two models of a run."""
    for model in ("knn_raw", "mlp"):
        shutil.copy(results / f"models/{model}/predictions.npz", submissions / f"{model}.npz")
    leaderboard.main(results, submissions, metric="log_loss")
    rows = [row for row in read_csv(results / "leaderboard.csv") if row["rank"]]
    losses = {
        name: json.loads((results / f"models/{name}/metrics.json").read_text())["log_loss"]
        for name in ("knn_raw", "mlp")
    }
    assert [row["submission"] for row in rows] == [f"{name}.npz" for name in sorted(losses, key=losses.get)]
    assert [row["score"] for row in rows] == pytest.approx(sorted(losses.values()))
    assert all(row["score_low"] <= row["score"] <= row["score_high"] for row in rows)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"public": 0.0}, "public above 0"), ({"metric": "speed"}, "metric must be one of accuracy")],
)
def test_invalid_options_are_refused(results, submissions, options, sentence):
    with pytest.raises(UserError, match=sentence):
        leaderboard.main(results, submissions, **options)


def test_runs_are_merged(results, tmp_path):
    other, crate = tmp_path / "other", tmp_path / "theirs.zip"
    shutil.copytree(results, other)
    with zipfile.ZipFile(crate, "w") as file:
        for path in [*other.glob("models/knn_*/*.*"), other / "comparison.csv"]:
            file.write(path, f"results/digits/{path.relative_to(other)}")
        file.writestr("run/config.yaml", yaml.safe_dump({"compare": ["knn_pca"], "name": "theirs"}))
    merge.main(f"{results} '{crate}'", tmp_path / "out/merged.yaml", "both")
    config = yaml.safe_load((tmp_path / "out/merged.yaml").read_text())
    assert config["compare"] == [*(f"{name}_1" for name in small_run.MODELS), "knn_pca_theirs"]
    assert (config["name"], config["dataset"]) == ("both", "digits") and "seeds" not in config
    entry = config["models"]["knn_pca_theirs"]
    metrics = json.loads((results / "models/knn_pca/metrics.json").read_text())
    assert entry["test_set_hash"] == metrics["provenance"]["test_set_hash"]
    assert Path(entry["file"]).read_bytes() == (results / "models/knn_pca/predictions.npz").read_bytes()
    assert entry["fit"]["fit_seconds"] > 0


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("test_set_hash", "on other test images"), ("code_hash", "by other scoring code")],
)
def test_runs_that_are_not_comparable_are_refused(results, tmp_path, key, sentence):
    other = tmp_path / "other"
    shutil.copytree(results, other)
    path = other / "models/mlp/metrics.json"
    metrics = json.loads(path.read_text())
    metrics["provenance"][key] = "0" * 64
    path.write_text(json.dumps(metrics))
    with pytest.raises(
        UserError, match=rf"other/models/mlp was scored {sentence} than .*knn_raw \({key} 0000"
    ):
        merge.main(f"{results} {other}", tmp_path / "merged.yaml")
    with pytest.raises(UserError, match="name two or more folders"):
        merge.main(str(results), tmp_path / "merged.yaml")
    with pytest.raises(UserError, match="has no finished run"):
        merge.main(f"{results} {tmp_path}", tmp_path / "merged.yaml")
