"""`snakemake --cache`: features that several clones on a machine share."""

import pytest

from helpers.project import Project

MODELS = ("knn_raw", "knn_pca")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(folder))
    return folder


def clone(folder, overlay) -> Project:
    return Project.create(folder, overlay | {"compare": list(MODELS), "audit": False})


def run(project: Project, *options: str) -> str:
    targets = [f"models/{model}/predictions.npz" for model in MODELS]
    answer = project.run("--cache", *options, targets=targets)
    assert answer.code == 0, answer.text
    return answer.log


def test_a_second_clone_gets_the_features_of_the_first(cache, overlay, finished, tmp_path):
    first, second = (clone(tmp_path / name, overlay) for name in ("first", "second"))
    assert "Moving output file" in run(first)
    stored = {path.name for path in cache.iterdir()}
    # Covariance, fit, and features of the training and the test images, each with its cost.
    assert len(stored) == 8
    assert "Moving output file" not in run(second)
    assert {path.name for path in cache.iterdir()} == stored
    for project in (first, second):
        files = [path for path in project.results.rglob("*") if path.is_symlink()]
        assert {path.resolve().name for path in files} == stored
        for model in MODELS:
            path = f"models/{model}/predictions.npz"
            assert project.checksums(path) == finished.checksums(path)
        assert "fit_features pca all" not in project.would_run()


def test_changed_settings_and_data_are_not_taken_from_the_cache(cache, overlay, tmp_path):
    first = clone(tmp_path / "first", overlay)
    run(first)
    n_stored = len(list(cache.iterdir()))
    first.configure(lambda settings: settings["features"]["pca"].update(n_components=3))
    run(first)
    # The covariance and the fit are the same.
    assert len(list(cache.iterdir())) == n_stored + 4


def test_another_experiment_does_not_copy_what_came_from_the_cache(cache, overlay, tmp_path):
    """The recorded provenance is that of the files that the cached ones replaced."""
    first, second = (clone(tmp_path / name, overlay) for name in ("first", "second"))
    targets = [f"models/{model}/predictions.npz" for model in MODELS]
    assert first.run(targets=targets).code == 0
    expected = first.checksums("models/knn_pca/predictions.npz")
    for project in (second, first):
        project.configure(lambda settings: settings["features"]["pca"].update(n_components=1))
        run(project)
    assert first.checksums("models/knn_pca/predictions.npz") != expected
    first.configure(lambda settings: settings["features"]["pca"].update(n_components=4))
    first.configure(lambda settings: settings.update(name="other"))
    other = Project(first.folder, f"other/{first.dataset}")
    answer = other.run(targets=targets)
    assert answer.code == 0, answer.text
    assert other.checksums("models/knn_pca/predictions.npz") == expected


def test_without_the_option_nothing_is_shared(cache, overlay, tmp_path):
    project = clone(tmp_path / "first", overlay)
    answer = project.run("--dry-run")
    assert answer.code == 0, answer.text
    assert "eligible for" not in answer.text
    assert list(cache.iterdir()) == []
