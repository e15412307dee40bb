"""Write a model card in the Hugging Face hub's layout: a block of metadata, then text."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from cifarbench.errors import UserError
from cifarbench.export.templating import render_template
from cifarbench.io.atomic import read_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.report.results import Results
from cifarbench.report.translation import Translator
from cifarbench.runtime.failures import Failure

# Number of best classes, worst classes, and confused pairs in a card.
MAX_EXAMPLES = 3


def model_card(
    stored: SavedModel,
    run: Results,
    parity: dict[str, Any],
    configuration: dict[str, Any],
    commit: str | None,
) -> str:
    """Return the card of one of a run's models as Markdown.

    parity: the result of `validate_onnx`. configuration: the model's settings. commit: of the workflow; None if its
    folder is not a clone.
    """
    if stored.run not in run.models:
        raise UserError(f"{stored.run} is not among the compared models; name one of those under compare.")
    model, say = run.models[stored.run], Translator("en")
    classes = sorted(model.metrics["per_class"].items(), key=lambda item: -item[1]["recall"])
    pairs = [run.pair(model, other) for other in run.ranking if other is not model]
    return render_template(
        "card.md.j2",
        metadata=yaml.safe_dump(_metadata(stored, model.metrics), sort_keys=False, allow_unicode=True),
        stored=stored,
        model=model,
        run=run,
        # None for a model with pretrained features, which is not ranked.
        rank=next((rank for rank, other in enumerate(run.ranking, 1) if other is model), None),
        pairs=pairs,
        parity=parity,
        best=classes[:MAX_EXAMPLES],
        worst=classes[: -MAX_EXAMPLES - 1 : -1],
        confused=model.metrics["confused_pairs"][:MAX_EXAMPLES],
        configuration=yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True),
        commit=commit,
        robustness=_read_optional(stored.results / "models" / stored.run / "robustness.json"),
        effects=_effects(stored),
        backbones=_backbones(stored),
        say=say,
    )


def _read_optional(path: Path) -> dict[str, Any] | None:
    """Read the result of an optional job; None if it did not run, or has failed."""
    return read_json(path) if path.is_file() and not Failure.read(path) else None


def _effects(stored: SavedModel) -> dict[str, dict[str, Any]]:
    """Return the model's metrics without duplicates, or without label issues; empty without an audit."""
    impact = _read_optional(stored.results / "audit/issue_impact.json")
    parts = impact["subsets"] if impact else {}
    return {
        name: part["models"][stored.run] | {"n_removed": part["n_removed"]}
        for name, part in parts.items()
        if name != "all" and stored.run in part["models"]
    }


def _backbones(stored: SavedModel) -> list[dict[str, Any]]:
    """Return `name`, `url`, `sha256` and `license` of the pretrained networks of a model's features.

    Of weights in the user's file only the path is known, as `url`.
    """
    networks = [step["params"] for step in stored.fit["features"] if step["type"] == "pretrained"]
    return [
        {"name": params["backbone"], "url": params["weights"]}
        if params["weights"]
        else read_json(stored.path(f"weights/{params['backbone']}.json"))
        for params in networks
    ]


def git_commit(folder: Path) -> str | None:
    """Return the commit of a clone, marked if files differ from it; None without git or outside a clone."""
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def _metadata(stored: SavedModel, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as https://huggingface.co/docs/hub/model-cards defines them."""
    info = stored.dataset
    dataset = {"name": info["dataset"], "type": info["type"], "split": "test"}
    dataset["args"] = {"archive_sha256": info["archive"]["sha256"], "n_test": info["n_test"]}
    scores = [
        {"type": "accuracy", "name": "accuracy", "value": metrics["accuracy"]},
        {"type": "f1", "name": "macro F1", "value": metrics["macro"]["f1"]},
    ]
    task = {"type": "image-classification", "name": "image classification"}
    return {
        # The publisher of the model decides.
        "license": "unknown",
        "library_name": "onnx",
        "pipeline_tag": "image-classification",
        "tags": ["onnx", "image-classification", "cifarbench", stored.fit["family"]],
        "metrics": ["accuracy", "f1"],
        "model-index": [
            {"name": stored.run, "results": [{"task": task, "dataset": dataset, "metrics": scores}]}
        ],
    }
