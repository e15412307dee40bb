"""Models and features that must be built to be checked: in a process of their own, and once for the same content."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from cifarbench.study.errors import UserError
from cifarbench.study.family import no_faults
from cifarbench.study.feasibility import uses, where_it_stands
from cifarbench.study.files import checksum, write_text
from cifarbench.study.plan import Plan


def try_models(plan: Plan, script: Path, code: str, passed: Path) -> None:
    """Have a process build what a plan's models and features name; UserError with a sentence for each fault.

    script: `check_models.py`. code: its fingerprint. passed: a folder that keeps what has passed, so that a run with
    nothing to do imports nothing.
    """
    dataset = plan.dataset
    waiting = [
        [model, key, params]
        for model in plan.models
        for key, sort, params, _ in uses(plan, model, dataset)
        if sort.check is not no_faults
    ]
    if not waiting:
        return
    files = {
        path: checksum(Path(path))
        for model in plan.models
        for path in own_files(plan, model)
        if Path(path).is_file()
    }
    shape = [dataset[name] for name in ("n_train", "n_classes", "image_shape")]
    content = json.dumps([waiting, files, shape, code, sys.version], sort_keys=True, default=str)
    mark = passed / sha256(content.encode()).hexdigest()[:16]
    if mark.exists():
        return
    answer = subprocess.run(
        [sys.executable, script, "--config", json.dumps(plan.config)], capture_output=True, text=True
    )
    if answer.returncode:
        named = ", ".join(dict.fromkeys(key for _, key, _ in waiting))
        told = answer.stderr.strip().rpartition("\n")[2] or f"it ended with {answer.returncode}"
        raise UserError(answer.stdout.strip() or f"{named} can't be built ({told}): mend what they name.")
    write_text(mark, "")


def own_files(plan: Plan, model: str) -> list[str]:
    """The files outside the library that a model and its features are made of."""
    chain = plan.chain(plan.features_of(model))
    return [*plan.own_code(model), *(path for one in chain for path in plan.own_code_of_features(one))]


def faults_when_built(plan: Plan) -> list[str]:
    """A sentence for each fault that shows when the models and features of a plan are built."""
    found = [
        where_it_stands(plan, model, fault)
        for model in plan.models
        for key, sort, params, setting in uses(plan, model, plan.dataset)
        for fault in sort.check(key, params, setting)
    ]
    return list(dict.fromkeys(found))
