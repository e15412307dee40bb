"""Select the best model of a finished run, for commands without a model's name."""

from pathlib import Path

from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_csv
from cifarbench.report.headline import headline_sentences
from cifarbench.report.results import Results
from cifarbench.report.translation import Translator


def read_run(results: Path) -> Results:
    """Read the results of a finished comparison; UserError if there is none."""
    table = results / "comparison.csv"
    if not table.is_file():
        raise UserError(
            f"{table} does not exist, so no best model is known; finish the run, or name a model."
        )
    files = [results / name for name in ("comparison.csv", "paired_tests.csv", "verdict.json")]
    files.append(results / "data/dataset.json")
    names = [row["model"] for row in read_csv(table)]
    files += [results / "models" / name / file for name in names for file in ("fit.json", "metrics.json")]
    return Results.read(results, [path for path in files if path.is_file()])


def select_best_model(run: Results) -> tuple[str, list[str]]:
    """Return the best model by the metric, or the fastest of those that are not significantly different from it.

    Returns its name and the reasons, one sentence each. Raises UserError if no model was fitted.
    """
    ranking = [model for model in run.ranking if model.is_fitted]
    if not ranking:
        raise UserError("No model of the run was fitted; correct one that failed, or name another dataset.")
    best, sentences = ranking[0], headline_sentences(run, Translator("en"))
    if best is not run.ranking[0]:
        sentences = [f"`{best.name}` is the best model that was fitted here, and not read from a file."]
    equals = [best, *run.equals(best, ranking)]
    if len(equals) == 1:
        return best.name, sentences[: 1 if len(run.ranking) == 1 else 2]
    fastest = min(equals, key=lambda model: model.fit["predict_seconds"])
    number = Translator("en")
    reason = (
        f"Of these, `{fastest.name}` predicts fastest ({number.seconds(fastest.fit['predict_seconds'])} for "
        f"{number.whole(run.dataset['n_test'])} images), so it is used."
    )
    return fastest.name, [*sentences[:2], reason]
