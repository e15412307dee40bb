"""What models are worth on corrupted images, in words and numbers."""

from typing import Any

from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run
from cifarbench.study.files import read_json


class Robustness:
    """What was read back of those models that were asked."""

    def __init__(self, run: Run, say: Language):
        self.say = say
        paths = {name: f"models/{name}/robustness.json" for name in run.models}
        self.found: dict[str, dict[str, Any]] = {
            name: read_json(run.files[path]) for name, path in paths.items() if path in run.files
        }
        self._models = {name: run.models[name] for name in self.found}

    @property
    def rows(self) -> list[tuple[Model, dict[str, Any]]]:
        """Models with what was found, in the configuration's order."""
        return [(self._models[name], one) for name, one in self.found.items()]

    @property
    def corruptions(self) -> list[str]:
        """The corruptions that were tried."""
        return list(next(iter(self.found.values()))["accuracy"])

    @property
    def strangers(self) -> list[str]:
        """The other images that models with probabilities were asked about."""
        return next((list(one["strangers"]) for one in self.found.values() if one["strangers"]), [])

    @property
    def of_strangers(self) -> dict[str, str]:
        """The same in words."""
        return {"textures": self.say("Bricks, grass, gravel"), "digits": self.say("Handwritten digits")}

    @property
    def sentences(self) -> list[str]:
        """Who keeps most, and whether the order changes."""
        say = self.say
        accurate = max(self.found, key=lambda name: self._models[name].accuracy)
        firm = max(self.found, key=lambda name: self.found[name]["mean_accuracy"])
        sentences = [
            say(
                "On images under {corruptions} in {severities}, `{model}` is the most accurate: {mean} on average.",
                corruptions=say.plural("{n} corruption", "{n} corruptions", len(self.corruptions)),
                severities=say.plural("{n} severity", "{n} severities", len(self._severities)),
                model=firm,
                mean=say.number(self.found[firm]["mean_accuracy"]),
            )
        ]
        if firm != accurate:
            sentences.append(
                say(
                    "On images as they are it is `{best}`, which falls from {accuracy} to {left}.",
                    best=accurate,
                    accuracy=say.number(self._models[accurate].accuracy),
                    left=say.number(self.found[accurate]["mean_accuracy"]),
                )
            )
        if any(one["official"] for one in self.found.values()):
            sentences.append(say("The corrupted images are files in the layout of CIFAR-10-C."))
        else:
            sentences.append(
                say(
                    "The corrupted images are made as those of CIFAR-10-C, but are not the same: its numbers have no "
                    "place in one table with these."
                )
            )
        return sentences

    @property
    def _severities(self) -> list[int]:
        return next(iter(self.found.values()))["severities"]

    def worst(self, one: dict[str, Any]) -> str:
        """The corruption that costs a model most, in words."""
        name = self.names.get(one["worst"], one["worst"])
        return self.say(
            "{corruption}: {accuracy}", corruption=name, accuracy=self.say.number(one["mean_of_worst"])
        )

    @property
    def names(self) -> dict[str, str]:
        """The corruptions in words."""
        say = self.say
        return {
            "gaussian_noise": say("Gaussian noise"),
            "shot_noise": say("shot noise"),
            "impulse_noise": say("impulse noise"),
            "defocus_blur": say("defocus"),
            "glass_blur": say("frosted glass"),
            "motion_blur": say("motion"),
            "zoom_blur": say("zoom"),
            "snow": say("snow"),
            "frost": say("frost"),
            "fog": say("fog"),
            "brightness": say("brightness"),
            "contrast": say("contrast"),
            "elastic_transform": say("elastic distortion"),
            "pixelate": say("pixelation"),
            "jpeg_compression": say("JPEG compression"),
        }
