"""A job that fails after a change leaves nothing that passes for up to date; a user's mistake is one sentence."""

import pytest
from test_reruns import searched, set_key

from helpers.project import OVERLAY

LOG = "results/tiny/logs/predict_knn/knn_pca.log"


def test_what_a_failed_job_took_away_is_made_again(project):
    """Snakemake deletes a job's old output before it runs, and would not miss it beside what was made from it."""
    script = project.folder / "scripts/predict_knn.py"
    good = script.read_text()
    project.configure(lambda settings: set_key(settings, "models.knn_pca.n_neighbors", 3))
    script.write_text(good.replace("def main(", "raise SystemExit('broken on purpose')\n\n\ndef main("))
    failed = project.run()
    assert failed.code != 0
    sentence, log, *_ = failed.text.partition("predict_knn knn_pca failed: ")[2].splitlines()
    assert (sentence, log.split()) == ("broken on purpose", ["its", "log:", LOG])
    assert "Traceback" not in failed.text
    assert "CalledProcessError" not in failed.text
    assert not (project.results / "models/knn_pca/predictions.npz").exists()
    script.write_text(good)
    # All predictions went with the broken script, and the change is still there.
    again = project.succeed()
    assert again >= searched("knn_pca") | {"predict_knn knn_raw", "compare_models", "write_report"}
    assert project.would_run() == set()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "seed=x"], 'Error: seed is "x"; it must be a whole number.'),
        (["--config", "datset=tiny"], "datset is not a key of the configuration; did you mean dataset?"),
        (["--config", "archive=nowhere.tar.gz"], "The archive nowhere.tar.gz can't be read"),
        (["--config", 'sha256="' + 32 * "ab" + '"'], "with SHA256="),
    ],
)
def test_a_mistake_ends_in_one_sentence_before_any_job(fresh, arguments, sentence):
    answer = fresh.run(*arguments)
    assert answer.code != 0
    assert sentence in answer.text
    assert "Traceback" not in answer.text
    assert answer.text.count("Error") == 1
    assert not fresh.results.exists()


def test_broken_yaml_is_no_traceback(fresh):
    (fresh.folder / OVERLAY).write_text("models: [\n")
    answer = fresh.run()
    assert answer.code != 0
    assert "not valid JSON or YAML" in answer.text
    assert "Traceback" not in answer.text
