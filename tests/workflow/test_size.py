"""What makes a study of many images possible changes no byte of its results."""

from helpers.project import Project


def test_training_set_sizes_share_their_searches(project: Project) -> None:
    across = {"datasets": ["tiny"], "train_sizes": [20, 30]}
    project.configure(lambda settings: settings.update(compare=["knn_raw"], suite=across))
    targets = tuple(f"models/knn_raw/train_{size}/predictions.npz" for size in (20, 30))
    alone = {f"predict_knn knn_raw/train_{size}" for size in (20, 30)}
    assert project.succeed(targets=targets) == {"make_cv_splits order"} | alone
    before = project.checksums("models/knn_raw/train_*/predictions.npz")

    # As if so few images were worth it.
    project.edit("scripts/cifarbench/planning/paths.py", "\nMIN_SHARED_SIZE = 1\n")
    searches = {"search_knn_shard knn_raw/train_20 0", "search_knn_shard knn_raw/train_30 20"}
    assert project.succeed(targets=targets) == {"make_cv_splits order"} | searches | alone
    assert project.checksums("models/knn_raw/train_*/predictions.npz") == before


def test_the_memory_that_jobs_may_take(project: Project) -> None:
    project.configure(lambda settings: settings.update(memory_mb=600))
    assert project.would_run() == set()
