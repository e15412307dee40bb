"""Find mistakes that show only when models and features are built, by torch, scikit-learn or user code."""

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cifarbench.config.semantic_checks import expand_uses, point_to_grid_key
from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file, write_text
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ModelFamily


def check_models(experiment: Experiment, script: Path, code: str, passed: Path) -> None:
    """Build an experiment's models and features in another process, once for the same entries and code.

    It is not a job: Snakemake (9.27.1) does not look for changed params of jobs that follow one that runs, `ancient` or
    not, and would keep outdated results.

    script: `validate_models.py`. code: its fingerprint. passed: a folder with a mark for each content that passed.
    Raises UserError with one sentence for each mistake.
    """
    entries = [(model, key, params, data) for model, key, _, params, data in _checked_uses(experiment)]
    if not entries:
        return
    files = {path: sha256_file(Path(path)) for path in user_code(experiment) if Path(path).is_file()}
    content = json.dumps([entries, files, code, sys.version], sort_keys=True, default=str)
    mark = passed / sha256(content.encode()).hexdigest()[:16]
    if mark.exists():
        return
    process = subprocess.run(
        [sys.executable, script], input=json.dumps(experiment.config), capture_output=True, text=True
    )
    if process.returncode:
        names = ", ".join(dict.fromkeys(key for _, key, *_ in entries))
        reason = process.stderr.strip().rpartition("\n")[2] or f"it ended with {process.returncode}"
        raise UserError(
            process.stdout.strip() or f"{names} can't be built ({reason}); correct their classes and files."
        )
    write_text(mark, "")


def user_code(experiment: Experiment) -> list[str]:
    """Return the files outside the package that have code or weights of an experiment's models and features."""
    paths = []
    for model in experiment.models:
        paths += experiment.source_files(model)
        for features in experiment.feature_pipeline(experiment.features_of(model)):
            paths += experiment.feature_source_files(features)
    return paths


def build_errors(experiment: Experiment) -> list[str]:
    """Build all models and features of an experiment and return one sentence for each mistake."""
    errors = [
        point_to_grid_key(experiment, model, error)
        for model, key, type_, params, data in _checked_uses(experiment)
        for error in type_errors(key, type_, params, data)
    ]
    return list(dict.fromkeys(errors))


def type_errors(key: str, type_: FeatureType | ModelFamily, params: Entry, data: DataShape) -> Iterator[str]:
    """Yield one sentence for each mistake that shows when a model or a feature is built."""
    if isinstance(type_, FeatureType) and (backbone := type_.backbone(params)):
        # Imported here, since few configurations need it. Jobs do not import it: downloads change no features.
        from cifarbench.features.published_weights import find_weights

        try:
            params = params | {"transform": find_weights(backbone).transform}
        except UserError as error:
            yield f"{key}.{error}"
            return
    if type_.check_build:
        yield from type_.check_build(key, params, data)


def _checked_uses(
    experiment: Experiment,
) -> Iterator[tuple[str, str, FeatureType | ModelFamily, Entry, DataShape]]:
    for model in experiment.models:
        for key, type_, params, data in expand_uses(experiment, model):
            if type_.check_build and type_.needs_build(params):
                yield model, key, type_, params, data
