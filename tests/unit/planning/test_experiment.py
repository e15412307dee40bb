"""What a configuration asks for: runs, features, cells, and the names of their files."""

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


def test_further_seeds_are_runs_of_models_in_which_chance_takes_part() -> None:
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


def test_weights_and_batches_may_have_seeds_of_their_own() -> None:
    assert plan(seeds=[3, 5]).seed("/init_seed_7") == {"seed": 3, "init_seed": 7}
    assert plan(seeds=[3, 5]).seed("/data_seed_7") == {"seed": 7, "init_seed": 3}


def test_an_estimator_that_takes_a_seed_has_one_unless_it_is_given() -> None:
    forest = {"family": "estimator", "estimator": "sklearn.ensemble.RandomForestClassifier"}
    found = with_models({}, free=forest, fixed=forest | {"params": {"random_state": 1}})
    assert found.is_seeded("free")
    assert not found.is_seeded("fixed")


def test_components_share_their_fit_and_nothing_else() -> None:
    found = plan()
    cells = [found.features_of("knn_grid", cell) for cell in found.grid_cells("knn_grid")]
    assert cells == [f"scaled_pca@n_components={n}" for n in (64, 128, 256)]
    names = ["pca", "scaled_pca", *cells, "scaled_pca@knn_grid"]
    assert set(found.features) == set(names)
    assert {found.features[name].fit for name in names} == {"pca", "pca+standardize=true"}
    assert found.features["scaled_pca@knn_grid"].tuned_params == {"n_components": "n_components"}
    assert ResultPaths(found).best_params_of_fit(found.features["scaled_pca@knn_grid"], "all") == []


def test_a_chain_is_followed_and_its_tuned_part_has_a_name_of_its_own() -> None:
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
    chain = found.feature_pipeline(found.features_of("tuned"))
    assert [one.name for one in chain] == ["pca@tuned", "disc@tuned"]
    assert chain[0].tuned_params == {"n_components": "pca__n_components"}
    assert found.features_of("tuned", "pca__n_components=8") == "disc@of=pca@n_components=8"
    # What the discriminants have learned is their own for each number of components.
    fits = [
        found.feature_pipeline(found.features_of("tuned", cell))[1].fit for cell in found.grid_cells("tuned")
    ]
    assert len({*fits, chain[1].fit, found.features["disc"].fit}) == 4


def test_what_is_not_fitted_is_computed_once_for_all_folds() -> None:
    found = with_models(
        {"edges": {"type": "hog"}}, m={"family": "knn", "features": "edges", "n_neighbors": 1}
    )
    assert found.fit_subset("edges", "fold_0_of_3") == "all"
    assert found.fit_subset("pixels", "train_500") == "all"
    assert (
        ResultPaths(found).features_file("pixels", "fold_0_of_3", "train")
        == "<results>/data/train_images.npy"
    )


def test_keys_of_a_grid_belong_to_the_classifier_or_to_its_features() -> None:
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


def test_a_cell_tries_every_number_of_neighbours() -> None:
    assert list(plan().grid_cells("knn_grid")) == ["n_components=64", "n_components=128", "n_components=256"]
    only = {"family": "knn", "tune": {"folds": 2, "grid": {"n_neighbors": [1, 2]}}}
    assert with_models({}, m=only).grid_cells("m") == {"all": {}}


def test_values_stand_in_names_of_files_or_a_checksum_does() -> None:
    assert [slugify(value) for value in (64, 0.1, True, "cosine")] == ["64", "0.1", "true", "cosine"]
    assert slugify([1, 2]) != slugify([2, 1])
    assert len(slugify("../../etc")) == 8


def test_parts_are_read_from_divisions() -> None:
    names = {"all": None, "fold_1_of_3": "folds_of_3", "train_500": "order"}
    names["train_500_fold_0_of_3"] = "train_500_folds_of_3"
    assert {part: split_of_subset(part) for part in names} == names


def test_a_fold_s_moments_are_those_of_all_images_less_its_own() -> None:
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


def test_no_moments_of_more_pixels_than_images() -> None:
    files = ResultPaths(plan())
    parts = ("train_3072", "train_3072_fold_0_of_3", "train_3073")
    assert [len(files.covariance_files(files.experiment.features["pca"], part)) for part in parts] == [
        0,
        0,
        1,
    ]


def test_a_model_says_whether_its_features_have_seen_other_images() -> None:
    network = {"type": "pretrained", "backbone": "timm.resnet18", "weights": "weights.pth"}
    few = {"type": "pca", "features": "seen", "n_components": 8}
    knn = {"family": "knn", "n_neighbors": 5}
    found = with_models(
        {"seen": network, "few": few}, own=knn | {"features": "pca"}, foreign=knn | {"features": "few"}
    )
    said = {model: ResultPaths(found).model_params_json(model)["pretrained"] for model in found.models}
    assert said == {"own": False, "foreign": True}


def test_a_search_among_the_first_images_takes_what_was_found_among_fewer() -> None:
    files = ResultPaths(plan(), [900, 6000, 12000, 25000])
    folder = "<results>/models/knn_raw"
    rings = [f"{folder}/train_{size}/shards/from_{below}.npz" for size, below in ((6000, 0), (12000, 6000))]
    assert files.shard_files(RunId("knn_raw", size="/train_12000")) == rings
    # Among few it is sought anew; so it is where the features differ, where the grid chooses, and for what nobody
    # asked. Among all it is the study's own.
    others = [RunId("knn_raw", size="/train_900"), RunId("knn_raw", size="/train_7000"), RunId("knn_raw")]
    others += [RunId(model, size="/train_12000") for model in ("knn_pca", "knn_grid", "mlp")]
    assert [files.shard_files(run) for run in others] == [[]] * 6
    # Half of one size is the whole of the next only where there are two.
    assert ResultPaths(plan(), [900, 6000]).shard_files(RunId("knn_raw", size="/train_6000")) == []


def test_an_approximate_search_shares_nothing_among_sizes() -> None:
    entry = {"family": "knn", "features": "pixels", "n_neighbors": 5}
    models = {"exact": entry, "approximate": entry | {"ann": {"nlist": 20, "nprobe": 4}}}
    files = ResultPaths(plan(models=models, compare=list(models)), [6000, 12000])
    assert [len(files.shard_files(RunId(model, size="/train_12000"))) for model in models] == [2, 0]
