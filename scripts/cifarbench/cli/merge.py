"""Compare the models of several runs, of other machines or people, by their predictions."""

import shlex
import zipfile
from pathlib import Path
from typing import Any

import yaml

from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, write_text
from cifarbench.planning.model_family import read_parameters

# Keys of the first run's configuration that need fitted models.
LEFT_OUT = ("robustness", "suite", "seeds", "features")
SCORED = {"test_set_hash": "on other test images", "code_hash": "by other scoring code"}


def main(runs: str, out: Path, name: str = "merged") -> None:
    """Write a configuration whose models are the predictions of all models of some runs.

    Models are named after theirs and the run's name or number; further seeds are left out. runs: folders of a dataset's
    results, or crates, separated by spaces. out: the YAML file; crates are unpacked beside it. name: of the new
    experiment. Raises UserError if test images, their labels or scoring code differ.
    """
    found = [_find_run(Path(run), out.parent) for run in shlex.split(runs)]
    if len(found) < 2:
        raise UserError(
            f"RUNS is {runs!r}; name two or more folders of results, or crates, separated by spaces."
        )
    labels = [config.get("name") or str(number) for number, (_, config) in enumerate(found, 1)]
    if len({*labels}) < len(labels):
        labels = [str(number) for number in range(1, len(found) + 1)]
    folders = {
        f"{model}_{label}": folder / "models" / model
        for label, (folder, config) in zip(labels, found, strict=True)
        for model in config["compare"]
    }
    scored = {model: read_json(folder / "metrics.json")["provenance"] for model, folder in folders.items()}
    first = next(iter(folders))
    for model, folder in folders.items():
        for key, words in SCORED.items():
            if scored[model][key] != scored[first][key]:
                raise UserError(
                    f"{folder} was scored {words} than {folders[first]} ({key} {scored[model][key][:12]}, not "
                    f"{scored[first][key][:12]}), so they are not comparable; run one of them again."
                )
    config = found[0][1]
    merged = {key: value for key, value in config.items() if key not in LEFT_OUT}
    models = {model: _entry(folder, scored[model]["test_set_hash"]) for model, folder in folders.items()}
    merged |= {"name": name, "compare": [*models], "models": models}
    write_text(out, yaml.safe_dump(merged, sort_keys=False, allow_unicode=True))
    print(f"{out} compares {len(models)} models of {len(found)} runs.")


def _entry(folder: Path, test_set_hash: str) -> dict[str, Any]:
    fit, known = read_json(folder / "fit.json"), read_parameters("predictions")["fit"].schema["properties"]
    return {
        "family": "predictions",
        "file": str((folder / "predictions.npz").resolve()),
        "fit": {key: fit[key] for key in known if fit.get(key) is not None},
        "test_set_hash": test_set_hash,
    }


def _find_run(run: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder of a run's results, and its configuration; those of a crate are unpacked."""
    tables, configs = [run / "comparison.csv"], sorted(run.glob("history/[!.]*/config.yaml"))
    if zipfile.is_zipfile(run):
        target = folder / run.stem
        with zipfile.ZipFile(run) as crate:
            crate.extractall(
                target, [name for name in crate.namelist() if name.startswith(("results/", "run/"))]
            )
        tables, configs = [*target.glob("results/**/comparison.csv")], [target / "run/config.yaml"]
    if not (tables and tables[0].is_file() and configs and configs[-1].is_file()):
        raise UserError(
            f"{run} has no finished run; name a folder results/<dataset>, or a crate of make ro-crate."
        )
    return tables[0].parent, yaml.safe_load(configs[-1].read_text())
