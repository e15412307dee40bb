"""A model card in the Hugging Face hub's layout: a block of metadata that it reads, then what people read."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from cifarbench.errors import UserError
from cifarbench.export.templating import render_template
from cifarbench.io.atomic import read_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.report.language import Language
from cifarbench.report.results import Results
from cifarbench.runtime.failures import Failure

# Classes and confusions that are named as the best and the worst.
MAX_EXAMPLES = 3


def model_card(
    stored: SavedModel,
    run: Results,
    parity: dict[str, Any],
    configuration: dict[str, Any],
    commit: str | None,
) -> str:
    """The card of one of a run's models, Markdown.

    parity: the export's own record. configuration: what the model was made with. commit: of the workflow that wrote
    the card; None if it is no clone.
    """
    if stored.run not in run.models:
        raise UserError(
            f"{stored.run} is not among the models that were compared; name one that is under compare."
        )
    model, say = run.models[stored.run], Language("en")
    classes = sorted(model.metrics["per_class"].items(), key=lambda item: -item[1]["recall"])
    pairs = [run.pair(model, other) for other in run.ranking if other is not model]
    return render_template(
        "card.md.j2",
        metadata=yaml.safe_dump(_metadata(stored, model.metrics), sort_keys=False, allow_unicode=True),
        stored=stored,
        model=model,
        run=run,
        # None for one whose features have seen other images: it stands apart.
        rank=next((place for place, other in enumerate(run.ranking, 1) if other is model), None),
        pairs=pairs,
        parity=parity,
        best=classes[:MAX_EXAMPLES],
        worst=classes[: -MAX_EXAMPLES - 1 : -1],
        confused=model.metrics["confused_pairs"][:MAX_EXAMPLES],
        configuration=yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True),
        commit=commit,
        robustness=_found(stored.results / "models" / stored.run / "robustness.json"),
        effects=_effects(stored),
        say=say,
    )


def _found(path: Path) -> dict[str, Any] | None:
    """What an optional job has found; None if it was not asked for, or has failed."""
    return read_json(path) if path.is_file() and not Failure.read(path) else None


def _effects(stored: SavedModel) -> dict[str, dict[str, Any]]:
    """What leaving out copies, or images of doubtful labels, does to the model's accuracy; nothing without an audit."""
    found = _found(stored.results / "audit/issue_impact.json")
    parts = found["parts"] if found else {}
    return {
        name: part["models"][stored.run] | {"n_removed": part["n_removed"]}
        for name, part in parts.items()
        if name != "none" and stored.run in part["models"]
    }


def git_commit(folder: Path) -> str | None:
    """The commit of a clone, and whether files differ from it; None where there is no git or no clone."""
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def _metadata(stored: SavedModel, metrics: dict[str, Any]) -> dict[str, Any]:
    """What the hub reads: https://huggingface.co/docs/hub/model-cards."""
    about = stored.dataset
    dataset = {"name": about["dataset"], "type": about["type"], "split": "test"}
    dataset["args"] = {"archive_sha256": about["archive"]["sha256"], "n_test": about["n_test"]}
    measured = [
        {"type": "accuracy", "name": "accuracy", "value": metrics["accuracy"]},
        {"type": "f1", "name": "macro F1", "value": metrics["macro"]["f1"]},
    ]
    task = {"type": "image-classification", "name": "image classification"}
    return {
        # Whoever hands the model on decides.
        "license": "unknown",
        "library_name": "onnx",
        "pipeline_tag": "image-classification",
        "tags": ["onnx", "image-classification", "cifarbench", stored.fit["family"]],
        "metrics": ["accuracy", "f1"],
        "model-index": [
            {"name": stored.run, "results": [{"task": task, "dataset": dataset, "metrics": measured}]}
        ],
    }
