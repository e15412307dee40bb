"""Temperature scaling with excluded images: the sizes of subsets count only the remaining images."""

from cifarbench.io.atomic import read_json


def test_models_are_calibrated_on_the_remaining_images(fresh):
    # 60 training images, 4 of them excluded: a model to calibrate is fitted to 44 of 56 and calibrated on 12.
    excluded = fresh.folder / "excluded.csv"
    excluded.write_text("split,index\n" + "".join(f"train,{index}\n" for index in range(4)))
    fresh.configure(
        lambda settings: settings.update(
            compare=["knn_pca", "mlp"],
            audit=False,
            exclude=str(excluded),
            robustness={"temperature_scaling": True, "corruptions": ["fog"], "severities": [1]},
        )
    )
    names = ("mlp/temperature.json", "knn_pca/temperature.json", "mlp/robustness.json")
    fresh.succeed(targets=tuple(f"models/{name}" for name in names))
    for model in ("knn_pca", "mlp"):
        found = read_json(fresh.results / f"models/{model}/temperature.json")
        assert found["n_images"] == 12 and found["temperature"] > 0
