"""Results after a failed job are not up to date, and a user's mistake is reported in one sentence."""

import pytest
from test_reruns import searched, set_key

from helpers.project import OVERLAY

LOG = "results/tiny/logs/predict_knn/knn_pca.log"


def test_outputs_deleted_by_a_failed_job_are_computed_again(project):
    """Snakemake deletes a job's old output first, and by itself ignores the loss if dependent files exist."""
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
    # The broken script deleted all its predictions, and the changed setting still applies.
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
def test_invalid_settings_are_refused_before_any_job(fresh, arguments, sentence):
    answer = fresh.run(*arguments)
    assert answer.code != 0
    assert sentence in answer.text
    assert "Traceback" not in answer.text
    assert answer.text.count("Error") == 1
    assert not fresh.results.exists()


def test_invalid_yaml_is_refused_without_a_traceback(fresh):
    (fresh.folder / OVERLAY).write_text("models: [\n")
    answer = fresh.run()
    assert answer.code != 0
    assert "not valid JSON or YAML" in answer.text
    assert "Traceback" not in answer.text
