"""Plans of experiments: runs, features, fits of a grid search, and the names of their files."""

from pathlib import Path
from typing import Any

import yaml

from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.planning.experiment import Experiment, RunId, slugify
from cifarbench.planning.paths import ResultPaths, split_of_subset

CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config/config.yaml").read_text())


def plan(**changes: Any) -> Experiment:
    return Experiment({**CONFIG, **changes}, FAMILIES, FEATURE_TYPES)


def with_models(features: dict[str, Any], **models: Any) -> Experiment:
    return plan(features=CONFIG["features"] | features, models=models, compare=list(models))


def test_additional_seeds_are_runs_of_seeded_models() -> None:
    assert [run.path for run in plan(seeds=[3, 5]).runs()] == [
        "knn_raw",
        "knn_pca",
        "knn_scaled_pca",
        "knn_grid",
        "mlp",
        "mlp/seed_5",
        "mlp_batchnorm_dropout",
        "mlp_batchnorm_dropout/seed_5",
    ]
    assert plan(seeds=[3, 5]).seed("/seed_5") == {"seed": 5}
    assert plan(seeds=[3, 5]).seed("") == {"seed": 3}


def test_initial_weights_and_batches_may_have_separate_seeds() -> None:
    assert plan(seeds=[3, 5]).seed("/init_seed_7") == {"seed": 3, "init_seed": 7}
    assert plan(seeds=[3, 5]).seed("/data_seed_7") == {"seed": 7, "init_seed": 3}


def test_estimators_are_seeded_unless_random_state_is_given() -> None:
    forest = {"family": "estimator", "estimator": "sklearn.ensemble.RandomForestClassifier"}
    found = with_models({}, free=forest, fixed=forest | {"params": {"random_state": 1}})
    assert found.is_seeded("free")
    assert not found.is_seeded("fixed")


def test_numbers_of_components_share_their_fit() -> None:
    found = plan()
    cells = [found.features_of("knn_grid", cell) for cell in found.grid_cells("knn_grid")]
    assert cells == [f"scaled_pca@n_components={n}" for n in (64, 128, 256)]
    names = ["pca", "scaled_pca", *cells, "scaled_pca@knn_grid"]
    assert set(found.features) == set(names)
    assert {found.features[name].fit for name in names} == {"pca", "pca+standardize=true"}
    assert found.features["scaled_pca@knn_grid"].tuned_params == {"n_components": "n_components"}
    assert ResultPaths(found).best_params_of_fit(found.features["scaled_pca@knn_grid"], "all") == []


def test_tuned_steps_of_a_pipeline_have_separate_names() -> None:
    found = with_models(
        {"disc": {"type": "lda", "features": "pca"}},
        fixed={"family": "knn", "features": "disc", "n_neighbors": 5},
        tuned={
            "family": "knn",
            "features": "disc",
            "n_neighbors": 5,
            "tune": {"folds": 2, "grid": {"pca__n_components": [8, 16]}},
        },
    )
    assert [one.name for one in found.feature_pipeline(found.features_of("fixed"))] == ["pca", "disc"]
    assert found.feature_names("fixed") == ["disc", "pca"]
    pipeline = found.feature_pipeline(found.features_of("tuned"))
    assert [one.name for one in pipeline] == ["pca@tuned", "disc@tuned"]
    assert pipeline[0].tuned_params == {"n_components": "pca__n_components"}
    assert found.features_of("tuned", "pca__n_components=8") == "disc@of=pca@n_components=8"
    # The discriminants are fitted separately for each number of components.
    fits = [
        found.feature_pipeline(found.features_of("tuned", cell))[1].fit for cell in found.grid_cells("tuned")
    ]
    assert len({*fits, pipeline[1].fit, found.features["disc"].fit}) == 4


def test_features_without_a_fit_are_computed_once_for_all_folds() -> None:
    found = with_models(
        {"edges": {"type": "hog"}}, m={"family": "knn", "features": "edges", "n_neighbors": 1}
    )
    assert found.fit_subset("edges", "fold_0_of_3") == "all"
    assert found.fit_subset("pixels", "train_500") == "all"
    assert (
        ResultPaths(found).features_file("pixels", "fold_0_of_3", "train")
        == "<results>/data/train_images.npy"
    )


def test_keys_of_a_grid_are_resolved_to_the_classifier_or_its_features() -> None:
    estimator = {"family": "estimator", "estimator": "sklearn.svm.LinearSVC", "features": "pca"}
    grid = {"C": [1, 2], "n_components": [8], "pca__scale": [True]}
    found = with_models({}, m=estimator | {"tune": {"folds": 2, "grid": grid}})
    assert [found.resolve_param("m", key) for key in grid] == [
        (None, "C"),
        ("pca", "n_components"),
        ("pca", "scale"),
    ]
    assert found.column_names("m") == {
        "C": "estimator__C",
        "n_components": "pca__n_components",
        "pca__scale": "pca__scale",
    }
    assert found.params("m", {"C": 2})["params"] == {"C": 2}
    own = with_models({}, m=estimator | {"tune": {"folds": 2, "grid": {"C": [1, 2]}}})
    assert own.column_names("m") == {"C": "C"}


def test_one_fit_scores_every_number_of_neighbours() -> None:
    assert list(plan().grid_cells("knn_grid")) == ["n_components=64", "n_components=128", "n_components=256"]
    only = {"family": "knn", "tune": {"folds": 2, "grid": {"n_neighbors": [1, 2]}}}
    assert with_models({}, m=only).grid_cells("m") == {"all": {}}


def test_file_names_have_values_or_checksums() -> None:
    assert [slugify(value) for value in (64, 0.1, True, "cosine")] == ["64", "0.1", "true", "cosine"]
    assert slugify([1, 2]) != slugify([2, 1])
    assert len(slugify("../../etc")) == 8


def test_subsets_are_read_from_splits() -> None:
    names = {"all": None, "fold_1_of_3": "folds_of_3", "train_500": "order"}
    names["train_500_fold_0_of_3"] = "train_500_folds_of_3"
    assert {part: split_of_subset(part) for part in names} == names


def test_the_covariance_of_a_fold_is_computed_by_subtraction() -> None:
    files = ResultPaths(plan())
    pca = files.experiment.features["pca"]
    assert {
        part: files.covariance_files(pca, part) for part in ("all", "fold_0_of_3", "train_5000_fold_0_of_3")
    } == {
        "all": ["<results>/covariance/all.npz"],
        "fold_0_of_3": ["<results>/covariance/all.npz", "<results>/covariance/fold_0_of_3.npz"],
        "train_5000_fold_0_of_3": [
            "<results>/covariance/train_5000.npz",
            "<results>/covariance/train_5000_fold_0_of_3.npz",
        ],
    }


def test_subsets_without_more_images_than_pixels_have_no_covariance() -> None:
    files = ResultPaths(plan())
    parts = ("train_3072", "train_3072_fold_0_of_3", "train_3073")
    assert [len(files.covariance_files(files.experiment.features["pca"], part)) for part in parts] == [
        0,
        0,
        1,
    ]


def test_models_with_pretrained_features_are_marked() -> None:
    network = {"type": "pretrained", "backbone": "timm.resnet18", "weights": "weights.pth"}
    few = {"type": "pca", "features": "seen", "n_components": 8}
    knn = {"family": "knn", "n_neighbors": 5}
    found = with_models(
        {"seen": network, "few": few}, own=knn | {"features": "pca"}, foreign=knn | {"features": "few"}
    )
    said = {model: ResultPaths(found).model_params_json(model)["pretrained"] for model in found.models}
    assert said == {"own": False, "foreign": True}


def test_searches_of_a_subset_reuse_those_of_smaller_subsets() -> None:
    files = ResultPaths(plan(), [900, 6000, 12000, 25000])
    folder = "<results>/models/knn_raw"
    rings = [f"{folder}/train_{size}/shards/from_{below}.npz" for size, below in ((6000, 0), (12000, 6000))]
    assert files.shard_files(RunId("knn_raw", size="/train_12000")) == rings
    # Small subsets, other features, tuned models and sizes outside the suite are searched separately, and all images
    # by the run itself.
    others = [RunId("knn_raw", size="/train_900"), RunId("knn_raw", size="/train_7000"), RunId("knn_raw")]
    others += [RunId(model, size="/train_12000") for model in ("knn_pca", "knn_grid", "mlp")]
    assert [files.shard_files(run) for run in others] == [[]] * 6
    # A single size above the minimum reuses nothing.
    assert ResultPaths(plan(), [900, 6000]).shard_files(RunId("knn_raw", size="/train_6000")) == []


def test_approximate_searches_reuse_nothing() -> None:
    entry = {"family": "knn", "features": "pixels", "n_neighbors": 5}
    models = {"exact": entry, "approximate": entry | {"ann": {"nlist": 20, "nprobe": 4}}}
    files = ResultPaths(plan(models=models, compare=list(models)), [6000, 12000])
    assert [len(files.shard_files(RunId(model, size="/train_12000"))) for model in models] == [2, 0]
