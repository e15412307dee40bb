"""Shared searches and memory limits, which large datasets need, do not change results."""

from helpers.project import Project


def test_training_set_sizes_share_their_searches(project: Project) -> None:
    suite = {"datasets": ["tiny"], "train_sizes": [20, 30]}
    project.configure(lambda settings: settings.update(compare=["knn_raw"], suite=suite))
    targets = tuple(f"models/knn_raw/train_{size}/predictions.npz" for size in (20, 30))
    predictions = {f"predict_knn knn_raw/train_{size}" for size in (20, 30)}
    assert project.succeed(targets=targets) == {"make_cv_splits order"} | predictions
    before = project.checksums("models/knn_raw/train_*/predictions.npz")

    # Share searches although there are few images.
    project.edit("scripts/cifarbench/planning/paths.py", "\nMIN_SHARED_SIZE = 1\n")
    searches = {"search_knn_shard knn_raw/train_20 0", "search_knn_shard knn_raw/train_30 20"}
    assert project.succeed(targets=targets) == {"make_cv_splits order"} | searches | predictions
    assert project.checksums("models/knn_raw/train_*/predictions.npz") == before


def test_the_memory_limit_reruns_nothing(project: Project) -> None:
    project.configure(lambda settings: settings.update(memory_mb=600))
    assert project.would_run() == set()
