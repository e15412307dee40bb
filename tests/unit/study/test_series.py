"""Which runs a comparison across datasets asks for, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cifarbench.families import FAMILIES, KINDS
from cifarbench.study import configuration, series
from cifarbench.study.errors import UserError
from cifarbench.study.plan import Plan

PROJECT = Path(__file__).parents[3]
CONFIG = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
SCHEMA = yaml.safe_load((PROJECT / "workflow/schemas/config.schema.yaml").read_text())


def plan(**changes: Any) -> Plan:
    return Plan({**CONFIG, **changes}, FAMILIES, KINDS)


def paths(found: list[series.Repeat]) -> list[tuple[int, str, str]]:
    return [(one.split, one.run.path, one.varied) for one in found]


def check(across: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return configuration.check_all({**CONFIG, **changes, "across": across}, SCHEMA, FAMILIES, KINDS)


def test_without_anything_asked_for_there_is_the_study_alone():
    assert paths(series.repeats(plan(compare=["mlp"]), {})) == [(0, "mlp", "")]


def test_every_source_of_chance_is_varied_alone_and_all_at_once():
    found = series.repeats(plan(compare=["knn_raw", "mlp"]), {"repeats": {"seeds": 3, "splits": 2}})
    assert paths(found) == [
        *((0, "knn_raw", ""), (0, "mlp", ""), (1, "knn_raw", "split")),
        *((0, "mlp/weights_1", "weights"), (0, "mlp/weights_2", "weights")),
        *((0, "mlp/order_1", "order"), (0, "mlp/order_2", "order")),
        *((1, "mlp", "split"), (1, "mlp/seed_1", "all")),
    ]


def test_an_estimator_s_chance_is_one():
    forest = {"family": "estimator", "estimator": "sklearn.ensemble.RandomForestClassifier"}
    found = plan(compare=["forest"], models={"forest": forest}, seeds=[4, 9])
    asked = {"repeats": {"seeds": 3}}
    # The study's own further seeds are among them, once.
    assert paths(series.repeats(found, asked)) == [
        (0, "forest", ""),
        (0, "forest/seed_9", "seed"),
        (0, "forest/seed_10", "seed"),
    ]


def test_seeds_are_those_of_the_study_and_the_next_ones():
    assert series.seeds(plan(seeds=[5, 2]), 4) == [5, 2, 6, 7]
    assert series.seeds(plan(seeds=[5, 2]), 1) == [5]


@pytest.mark.parametrize(
    ("asked", "n_train", "expected"),
    [
        (3, 50000, [6250, 12500, 25000]),
        (2, 1437, [359, 718]),
        ([20000, 500], 50000, [500, 20000]),
        ([500, 1000, 2000], 1000, [500]),
        ([], 1000, []),
    ],
)
def test_sizes(asked, n_train, expected):
    assert series.sizes(asked, n_train) == expected


def test_coordinates_say_what_a_run_is():
    found = plan(compare=["knn_raw", "mlp"])
    rows = [
        series.coordinates(found, one)
        for one in series.repeats(found, {"sizes": [500], "repeats": {"seeds": 2}})
    ]
    by_seeds = [(row["model"], row["seed"], row["weights_seed"], row["size"], row["varied"]) for row in rows]
    assert by_seeds == [
        ("knn_raw", None, None, 50000, None),
        ("mlp", 0, None, 50000, None),
        ("knn_raw", None, None, 500, "size"),
        ("mlp", 0, None, 500, "size"),
        ("mlp", 0, 1, 50000, "weights"),
        ("mlp", 1, 0, 50000, "order"),
    ]


def test_a_dataset_s_own_study_is_the_configuration_with_what_is_its_own():
    own = {"digits": {"compare": ["mlp"], "models": {"mlp": {"epochs": 7}}}}
    found = check({"datasets": ["cifar10", "digits"], "own": own}, archive="somewhere.tar.gz")
    assert found["cifar10"] == {**CONFIG, "archive": "somewhere.tar.gz"}
    assert found["digits"]["dataset"] == "digits"
    assert found["digits"]["models"]["mlp"] == CONFIG["models"]["mlp"] | {"epochs": 7}
    assert found["digits"]["models"]["knn_raw"] == CONFIG["models"]["knn_raw"]
    # An archive of one's own is that of the configured dataset alone.
    assert "archive" not in found["digits"]


def test_the_shipped_comparison_is_accepted():
    overlay = yaml.safe_load((PROJECT / "config/across.yaml").read_text())
    found = configuration.check_all(series.merged(CONFIG, overlay), SCHEMA, FAMILIES, KINDS)
    assert list(found) == ["digits", "textures"]


@pytest.mark.parametrize(
    ("across", "sentence"),
    [
        ({"sizes": [100]}, r"mlp\.batch_size is 128; it must be at most 100, .* first 100 .* of cifar10\."),
        ({"sizes": [129]}, r"mlp_batchnorm_dropout\.batch_size is 128; it leaves a batch of one image"),
        (
            {"sizes": [500], "repeats": {"splits": 0}},
            r"across\.repeats\.splits is 0; it must be at least 1\.",
        ),
        ({"dataset": ["digits"]}, r"across\.dataset is not a key of the .*; did you mean datasets\?"),
        ({"own": {"cifar10": {"seed": 1}}}, r"across\.own\.cifar10\.seed is not a key"),
    ],
)
def test_what_can_t_be_is_refused(across, sentence):
    with pytest.raises(UserError, match=sentence):
        check(across)


def test_a_dataset_s_own_models_are_checked():
    def of_digits(own):
        return {"datasets": ["cifar10", "digits"], "own": {"digits": own}}

    check(of_digits({"models": {"one": {"family": "knn", "n_neighbors": 1}}, "compare": ["one"]}))
    with pytest.raises(UserError, match=r"mlp\.hidden_dim is no key of family knn.* for digits\."):
        check(of_digits({"models": {"mlp": {"family": "knn"}}}))


def test_a_model_is_the_same_kind_of_thing_on_all_datasets():
    one = {"family": "knn", "n_neighbors": 1}
    forest = {"family": "estimator", "estimator": "sklearn.ensemble.RandomForestClassifier"}
    own = {
        name: {"models": {"mine": mine}, "compare": ["mine"]}
        for name, mine in (("cifar10", one), ("digits", forest))
    }
    with pytest.raises(UserError, match=r"models\.mine\.family is estimator for digits and knn for cifar10;"):
        check({"datasets": ["cifar10", "digits"], "own": own})


def test_no_dataset_may_be_called_as_the_comparison_is():
    datasets = CONFIG["datasets"] | {"across": CONFIG["datasets"]["cifar10"]}
    with pytest.raises(UserError, match=r"across\.datasets names across"):
        check({"datasets": ["cifar10", "across"]}, datasets=datasets)


def test_what_is_a_dataset_s_own_counts_before_what_is_impossible():
    features = CONFIG["features"] | {"pca": {"kind": "pca", "n_components": 200}}
    changes = {"dataset": "faces", "compare": ["knn_pca"], "features": features}
    asked = {"datasets": ["cifar10", "faces"]}
    with pytest.raises(UserError, match=r"n_components is 200; it must be at most 160.*, for faces\."):
        check(asked, **changes)
    own = {"faces": {"features": {"pca": {"n_components": 32}}}}
    found = check(asked | {"own": own}, **changes)
    assert found["faces"]["features"]["pca"]["n_components"] == 32


def test_a_list_of_images_left_out_is_the_configured_dataset_s():
    asked = {"datasets": ["cifar10", "digits"]}
    found = series.configurations({**CONFIG, "exclude": "bad.csv", "across": asked})
    assert found["cifar10"]["exclude"] == "bad.csv"
    assert "exclude" not in found["digits"]
