"""What makes a study of many images possible changes no byte of its results."""

from test_reruns import NEIGHBORS, searched


def test_a_search_divided_into_shards(project):
    before = project.checksums("models/*/predictions.npz")
    project.configure(lambda settings: settings.update(shards=3, compare=["knn_raw", "knn_grid"]))
    models = ("knn_raw", "knn_grid")
    divided = {f"search_neighbors {model} {shard}_of_3" for model in models for shard in range(3)}
    assert project.succeed() == searched(*models) | divided
    assert project.checksums("models/*/predictions.npz") == before
    assert project.would_run() == set()


def test_the_memory_that_jobs_may_take(finished, project):
    project.configure(lambda settings: settings.update(memory_mb=600))
    assert project.would_run() == set()
    project.configure(lambda settings: settings.update(shards=1))
    assert project.would_run() == set()
    project.configure(lambda settings: settings.update(shards=2))
    assert {job for job in project.would_run() if job.startswith("search")} == {
        f"search_neighbors {model} {shard}_of_2" for model in NEIGHBORS for shard in range(2)
    }
