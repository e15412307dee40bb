"""Turn a function into a command whose options are the function's parameters."""

import argparse
import inspect
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_origin

from cifarbench.errors import exit_on_user_errors


def run(main: Callable[..., None], prog: str, arguments: list[str]) -> None:
    """Call `main` with the command line's arguments, one `--name` for each of its parameters.

    Annotations are the types: `Path`, `int`, `str`, `bool` for a flag, `Sequence[Path]`. Parameters with a default are
    optional. A UserError ends the command with its message.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    with exit_on_user_errors():
        main(**vars(_parser(main, prog).parse_args(arguments)))


def _parser(main: Callable[..., None], prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description=inspect.getdoc(main), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, parameter in inspect.signature(main).parameters.items():
        kind = parameter.annotation
        option: dict[str, Any] = {"dest": name, "default": parameter.default}
        if parameter.default is parameter.empty:
            option |= {"required": True, "default": None}
        if kind is bool:
            option["action"] = "store_true"
        elif get_origin(kind) is Sequence:
            option |= {"type": get_args(kind)[0], "nargs": "*", "metavar": get_args(kind)[0].__name__.upper()}
        else:
            option |= {"type": kind, "metavar": kind.__name__.upper()}
        parser.add_argument("--" + name.replace("_", "-"), **option)
    return parser
