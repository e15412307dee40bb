"""Rank files of predictions of the test images by other people."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.errors import UserError
from cifarbench.evaluation import ranking, verdict
from cifarbench.evaluation.baselines import baseline_scores
from cifarbench.evaluation.ranking_metric import (
    LOSSES,
    RANKING_METRICS,
    check_probabilities,
    metric_label,
    resampled_scores,
    score,
)
from cifarbench.evaluation.statistics import better_by_mcnemar, wilson_interval
from cifarbench.evaluation.weighted_metrics import percentile_interval, resample_weights
from cifarbench.io.atomic import read_json, write_text
from cifarbench.io.csv_io import Row, write_rows
from cifarbench.models.predictions.reader import FilePredictions, TestSet, read_predictions
from cifarbench.report.templating import jinja_environment
from cifarbench.report.translation import Translator, languages

COLUMNS = [
    "submission",
    "rank",
    "rank_low",
    "rank_high",
    "tied_group",
    "score",
    "score_low",
    "score_high",
    "p_best",
    "same_predictions_as",
    "error",
]
SUFFIXES = (".csv", ".npz", ".onnx")


def main(
    results: Path,
    submissions: Path,
    public: float = 1.0,
    metric: str = "accuracy",
    out: str = "",
    language: str = "en",
    seed: int = 0,
) -> None:
    """Write leaderboard.html and .csv; with a part held back, leaderboard_final.html and .csv of that part, too.

    results: the dataset's folder. submissions: a folder of files. public: the share of each class's test images by
    which leaderboard.html ranks. metric: as the key of the configuration. out: for the files; <results> unless given.
    seed: of the bootstrap.
    """
    if metric not in RANKING_METRICS or language not in languages() or not 0 < public <= 1:
        raise UserError(
            f"metric is {metric}, language {language} and public {public}; metric must be one of "
            f"{', '.join(RANKING_METRICS)}, language one of {', '.join(languages())}, and public above 0, up to 1."
        )
    data = results / "data"
    if not (data / "dataset.json").is_file():
        raise UserError(f"{data} has no dataset.json; run the experiment first.")
    dataset, y_true = read_json(data / "dataset.json"), np.load(data / "test_labels.npy")
    paths = [path for path in sorted(submissions.rglob("*")) if path.is_file() and path.name[0] != "."]
    if not paths:
        raise UserError(f"{submissions} has no files; name a folder of submissions.")
    read: dict[str, FilePredictions] = {}
    errors: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(submissions).as_posix()
        try:
            read[name] = _read(path, TestSet.of(dataset, y_true), data, dataset["image_shape"])
            check_probabilities(metric, read[name][2])
        except UserError as error:
            read.pop(name, None)
            errors[name] = str(error).removeprefix(f"{submissions}/")
    is_public = _public_images(y_true, public)
    for file, part, title in (
        ("leaderboard", is_public, "public"),
        ("leaderboard_final", ~is_public, "final"),
    ):
        if part.any():
            rows = _rank(read, y_true, part, metric, seed) + [
                dict.fromkeys(COLUMNS) | {"submission": name, "error": error}
                for name, error in errors.items()
            ]
            folder = Path(out) if out else results
            baselines = baseline_scores(
                np.load(data / "train_labels.npy"), y_true[part], len(dataset["classes"]), metric, seed
            )
            page = jinja_environment(Translator(language)).get_template("leaderboard.html.j2")
            write_rows(folder / f"{file}.csv", rows, COLUMNS)
            write_text(
                folder / f"{file}.html",
                page.render(
                    rows=rows,
                    dataset=dataset,
                    baselines=baselines,
                    metric=metric,
                    metric_label=metric_label(metric).removeprefix("negative "),
                    part=title if public < 1 else "all",
                    n_images=int(part.sum()),
                ),
            )
            print(f"{folder / file}.html ranks {len(read)} submissions; {len(errors)} do not fit.")


def _read(path: Path, test_set: TestSet, data: Path, image_shape: list[int]) -> FilePredictions:
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path} is not a .csv, .npz or .onnx file; hand in one.")
    if path.suffix != ".onnx":
        return read_predictions(path, test_set)
    from cifarbench.models.predictions.onnx_file import predict_onnx

    pixels = np.load(data / "test_images.npy", mmap_mode="r")
    return predict_onnx(
        path, test_set, pixels, (image_shape[0], image_shape[1], image_shape[2]), None, threads=1
    )


def _public_images(y_true: np.ndarray, share: float) -> np.ndarray:
    """Return which test images are public, (N,) bool: a share of each class, drawn by a seed that labels decide."""
    seed = int(hashlib.sha256(y_true.astype(np.int64).tobytes()).hexdigest()[:8], 16)
    order = np.random.default_rng(seed).permutation(len(y_true))
    order = order[np.argsort(y_true[order], kind="stable")]
    is_public = np.empty(len(y_true), bool)
    is_public[order] = np.diff(np.floor(np.arange(len(y_true) + 1) * share + 0.5)) > 0
    return is_public


def _rank(
    read: dict[str, FilePredictions], y_true: np.ndarray, part: np.ndarray, metric: str, seed: int
) -> list[Row]:
    """Return the rows of the submissions on a part of the test images, the best first."""
    if not read:
        return []
    names, y_true = [*read], y_true[part]
    n_classes = next(iter(read.values()))[1].shape[1]
    weights = resample_weights(len(y_true), seed, n_classes)
    parts = [(y_pred[part], proba[part]) for y_pred, proba, _ in read.values()]
    scores = np.array([score(metric, y_true, *arrays) for arrays in parts])
    resampled = np.stack([resampled_scores(metric, y_true, *arrays, weights) for arrays in parts], axis=1)
    correct = np.array([y_pred == y_true for y_pred, _ in parts])
    better = (
        better_by_mcnemar(correct)
        if metric == "accuracy"
        else ranking.significantly_better(scores, resampled)
    )
    columns = verdict.Ranking(metric, names, scores, resampled, resampled, better).columns()
    groups = ranking.tied_groups(scores, better)
    twins: dict[bytes, list[str]] = {}
    for name, (y_pred, _, _) in read.items():
        twins.setdefault(y_pred.tobytes(), []).append(name)
    sign, rows = -1 if metric in LOSSES else 1, []
    for i, (name, (y_pred, _, _)) in enumerate(read.items()):
        interval: Any = percentile_interval(sign * resampled[:, i]) or (None, None)
        if metric == "accuracy":
            interval = wilson_interval(int(correct[i].sum()), len(y_true))
        same = [other for other in twins[y_pred.tobytes()] if other != name]
        rows.append(
            dict.fromkeys(COLUMNS)
            | {key: value for key, value in columns[name].items() if key in COLUMNS}
            | {"submission": name, "tied_group": int(groups[i]), "score": float(sign * scores[i])}
            | {"score_low": interval[0], "score_high": interval[1]}
            | {"same_predictions_as": " ".join(same) or None}
        )
    return sorted(rows, key=lambda row: (row["rank"], row["submission"]))
