"""Runs of a suite, and refusal of invalid suites."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cifarbench.config.validation import check_experiments
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.planning import variants
from cifarbench.planning.experiment import Experiment

PROJECT = Path(__file__).parents[3]
CONFIG = yaml.safe_load((PROJECT / "config/config.yaml").read_text())


def plan(**changes: Any) -> Experiment:
    return Experiment({**CONFIG, **changes}, FAMILIES, FEATURE_TYPES)


def paths(found: list[variants.RunVariant]) -> list[tuple[int, str, str]]:
    return [(one.split, one.run.path, one.varied_factor) for one in found]


def check(suite: dict[str, Any], **changes: Any) -> dict[str, Any]:
    experiments = check_experiments({**CONFIG, **changes, "suite": suite})
    return {dataset: experiment.config for dataset, experiment in experiments.items()}


def test_an_empty_suite_has_only_the_runs_of_the_experiment():
    assert paths(variants.run_variants(plan(compare=["mlp"]), {})) == [(0, "mlp", "")]


def test_sources_of_variance_are_varied_separately_and_together():
    found = variants.run_variants(
        plan(compare=["knn_raw", "mlp"]), {"repeats": {"n_seeds": 3, "n_splits": 2}}
    )
    assert paths(found) == [
        *((0, "knn_raw", ""), (0, "mlp", ""), (1, "knn_raw", "split")),
        *((0, "mlp/init_seed_1", "init_seed"), (0, "mlp/init_seed_2", "init_seed")),
        *((0, "mlp/data_seed_1", "data_seed"), (0, "mlp/data_seed_2", "data_seed")),
        *((1, "mlp", "split"), (1, "mlp/seed_1", "all")),
    ]


def test_estimators_have_a_single_seed():
    forest = {"family": "estimator", "estimator": "sklearn.ensemble.RandomForestClassifier"}
    found = plan(compare=["forest"], models={"forest": forest}, seeds=[4, 9])
    asked = {"repeats": {"n_seeds": 3}}
    # The additional seeds of the experiment are included once.
    assert paths(variants.run_variants(found, asked)) == [
        (0, "forest", ""),
        (0, "forest/seed_9", "seed"),
        (0, "forest/seed_10", "seed"),
    ]


def test_predictions_from_a_file_are_one_run():
    models = {"theirs": {"family": "predictions", "file": "theirs.csv"}}
    suite = {"train_sizes": 2, "repeats": {"n_seeds": 3, "n_splits": 2}}
    suite |= {"test_sets": {"other": {"dataset": CONFIG["dataset"]}}}
    found = variants.run_variants(plan(compare=["theirs"], models=models), suite)
    assert paths(found) == [(0, "theirs", "")]


def test_seeds_continue_those_of_the_experiment():
    assert variants.run_seeds(plan(seeds=[5, 2]), 4) == [5, 2, 6, 7]
    assert variants.run_seeds(plan(seeds=[5, 2]), 1) == [5]


@pytest.mark.parametrize(
    ("asked", "n_train", "expected"),
    [
        (3, 50000, [6250, 12500, 25000]),
        (2, 1437, [359, 718]),
        ([20000, 500], 50000, [500, 20000]),
        ([500, 1000, 2000], 1000, [500]),
        ([], 1000, []),
        # Sizes are halved down to an image for each of the 10 classes.
        (20, 100, [12, 25, 50]),
    ],
)
def test_train_sizes(asked, n_train, expected):
    experiment = Experiment(CONFIG, FAMILIES, FEATURE_TYPES, n_train)
    assert variants.train_sizes(asked, experiment) == expected


def test_the_full_train_size_counts_images_without_the_excluded_ones():
    experiment = Experiment(CONFIG | {"compare": ["knn_raw"]}, FAMILIES, FEATURE_TYPES, n_train=22)
    found = variants.run_variants(experiment, {"train_sizes": [24, 10]})
    assert [variants.run_columns(experiment, variant)["train_size"] for variant in found] == [22, 10]


def test_columns_describe_each_run():
    found = plan(compare=["knn_raw", "mlp"])
    rows = [
        variants.run_columns(found, one)
        for one in variants.run_variants(found, {"train_sizes": [500], "repeats": {"n_seeds": 2}})
    ]
    by_seeds = [
        (row["model"], row["seed"], row["init_seed"], row["train_size"], row["varied_factor"]) for row in rows
    ]
    assert by_seeds == [
        ("knn_raw", None, None, 50000, None),
        ("mlp", 0, None, 50000, None),
        ("knn_raw", None, None, 500, "train_size"),
        ("mlp", 0, None, 500, "train_size"),
        ("mlp", 0, 1, 50000, "init_seed"),
        ("mlp", 1, 0, 50000, "data_seed"),
    ]


def test_configurations_of_datasets_have_their_overrides():
    own = {"digits": {"compare": ["mlp"], "models": {"mlp": {"epochs": 7}}}}
    found = check({"datasets": ["cifar10", "digits"], "overrides": own}, archive="somewhere.tar.gz")
    assert found["cifar10"] == {**CONFIG, "archive": "somewhere.tar.gz"}
    assert found["digits"]["dataset"] == "digits"
    assert found["digits"]["models"]["mlp"] == CONFIG["models"]["mlp"] | {"epochs": 7}
    assert found["digits"]["models"]["knn_raw"] == CONFIG["models"]["knn_raw"]
    # The user's archive applies only to the configured dataset.
    assert "archive" not in found["digits"]


def test_the_shipped_suite_is_valid():
    overlay = yaml.safe_load((PROJECT / "config/suite.yaml").read_text())
    found = check_experiments(variants.deep_merge(CONFIG, overlay))
    assert list(found) == ["digits", "textures"]


@pytest.mark.parametrize(
    ("suite", "sentence"),
    [
        (
            {"train_sizes": [100]},
            r"mlp\.batch_size is 128; it must be at most 100, .* first 100 .* of cifar10\.",
        ),
        ({"train_sizes": [129]}, r"mlp_batchnorm_dropout\.batch_size is 128; it leaves a batch of one image"),
        (
            {"train_sizes": [500], "repeats": {"n_splits": 0}},
            r"suite\.repeats\.n_splits is 0; it must be at least 1\.",
        ),
        ({"dataset": ["digits"]}, r"suite\.dataset is not a key of the .*; did you mean datasets\?"),
        ({"overrides": {"cifar10": {"seed": 1}}}, r"suite\.overrides\.cifar10\.seed is not a key"),
    ],
)
def test_invalid_suites_are_refused(suite, sentence):
    with pytest.raises(UserError, match=sentence):
        check(suite)


def test_models_in_overrides_are_checked():
    def of_digits(own):
        return {"datasets": ["cifar10", "digits"], "overrides": {"digits": own}}

    check(of_digits({"models": {"one": {"family": "knn", "n_neighbors": 1}}, "compare": ["one"]}))
    with pytest.raises(
        UserError, match=r"mlp\.hidden_dim is not valid for family knn, but for mlp; .* for digits\."
    ):
        check(of_digits({"models": {"mlp": {"family": "knn"}}}))


def test_a_model_has_the_same_family_on_all_datasets():
    one = {"family": "knn", "n_neighbors": 1}
    forest = {"family": "estimator", "estimator": "sklearn.ensemble.RandomForestClassifier"}
    own = {
        name: {"models": {"mine": mine}, "compare": ["mine"]}
        for name, mine in (("cifar10", one), ("digits", forest))
    }
    with pytest.raises(UserError, match=r"models\.mine\.family is estimator for digits and knn for cifar10;"):
        check({"datasets": ["cifar10", "digits"], "overrides": own})


def test_a_dataset_named_suite_is_refused():
    datasets = CONFIG["datasets"] | {"suite": CONFIG["datasets"]["cifar10"]}
    with pytest.raises(UserError, match=r"suite\.datasets names suite"):
        check({"datasets": ["cifar10", "suite"]}, datasets=datasets)


def test_overrides_are_applied_before_validation():
    features = CONFIG["features"] | {"pca": {"type": "pca", "n_components": 200}}
    changes = {"dataset": "faces", "compare": ["knn_pca"], "features": features}
    asked = {"datasets": ["cifar10", "faces"]}
    with pytest.raises(UserError, match=r"n_components is 200; it must be at most 160.*, for faces\."):
        check(asked, **changes)
    own = {"faces": {"features": {"pca": {"n_components": 32}}}}
    found = check(asked | {"overrides": own}, **changes)
    assert found["faces"]["features"]["pca"]["n_components"] == 32


def test_exclude_applies_only_to_the_configured_dataset():
    asked = {"datasets": ["cifar10", "digits"]}
    found = variants.per_dataset_configs({**CONFIG, "exclude": "bad.csv", "suite": asked})
    assert found["cifar10"]["exclude"] == "bad.csv"
    assert "exclude" not in found["digits"]
