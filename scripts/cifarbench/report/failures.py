"""What failed, why, and where its log is, in sentences. Backticks mark names, and what the program said itself."""

from cifarbench.report.language import Language
from cifarbench.study.failures import Failure


def of_model(say: Language, model: str, failure: Failure) -> str:
    """Why a model is not there."""
    if failure.failed != model:
        return say(
            "`{model}` failed, since its features `{features}` failed in {step}: {reason}.",
            model=model,
            features=failure.failed,
            step=f"`{failure.step}`",
            reason=reason(failure),
        )
    return say(
        "`{model}` failed in {step}: {reason}.", model=model, step=f"`{failure.step}`", reason=reason(failure)
    )


def of_seed(say: Language, run: str, failure: Failure) -> str:
    """Why a further seed of a model is not there. run: as `model/seed_n`."""
    model, _, seed = run.rpartition("/seed_")
    return say(
        "`{model}` failed with seed {seed} in {step}, and its figures over seeds leave that one out: {reason}.",
        model=model,
        seed=seed,
        step=f"`{failure.step}`",
        reason=reason(failure),
    )


def of_files(say: Language, failure: Failure) -> str:
    """Why something that tells of a model, such as a figure, is not there."""
    return say(
        "Some of what should stand here is missing, since {step} failed: {reason}.",
        step=f"`{failure.step}`",
        reason=reason(failure),
    )


def log(say: Language, failure: Failure) -> str:
    """Where the job says more."""
    return say("Its log: {path}.", path=f"`{failure.log}`")


def reason(failure: Failure) -> str:
    """Why something failed, in the words of the program."""
    words = failure.reason.strip().replace("`", "'")
    # The sentence around it has a full stop of its own.
    return f"`{words if words.endswith('..') else words.removesuffix('.')}`"
