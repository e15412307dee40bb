"""Turn a script's main function into a command whose arguments are the function's own."""

import argparse
import errno
import inspect
import json
import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, get_args, get_origin

from cifarbench.study.errors import UserError
from cifarbench.study.failures import UNEXPECTED
from cifarbench.study.running import end_with_starter


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's arguments, one `--name` for each of its parameters.

    The annotation tells how an argument is read: `Path`, `int`, `str`, `list[Path]`, or `dict` for JSON, of
    which `-` says that it comes on standard input. A parameter with a default may be left out. The log goes to standard
    error, which a rule sends to its log file, and so does the traceback of an unexpected error, with the error in its
    last line. A user's mistake ends in one sentence.
    """
    end_with_starter()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        main(**vars(_parser(main).parse_args()))
    except UserError as error:
        sys.exit(f"Error: {error}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            _end_unexpectedly()
        where = f" while writing {error.filename}" if error.filename else ""
        message = f"Error: no space left on the disk{where}; make room and run the same command again."
        # The log may lie on that very disk. What goes to standard output reaches the terminal.
        print(message, flush=True)
        sys.exit(message)
    except Exception:
        _end_unexpectedly()


def _end_unexpectedly() -> NoReturn:
    traceback.print_exc()
    sys.exit(UNEXPECTED)


def _json(text: str) -> Any:
    """What a text says, or with `-` what standard input says: systems limit how long an argument may be."""
    return json.loads(sys.stdin.read() if text == "-" else text)


def _parser(main: Callable[..., None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=inspect.getdoc(main))
    for name, parameter in inspect.signature(main).parameters.items():
        kind = parameter.annotation
        several = get_origin(kind) is list
        if several:
            kind = get_args(kind)[0]
        parser.add_argument(
            "--" + name.replace("_", "-"),
            dest=name,
            type=_json if kind is dict else kind,
            nargs="*" if several else None,
            required=parameter.default is parameter.empty,
            default=None if parameter.default is parameter.empty else parameter.default,
            metavar="JSON" if kind is dict else kind.__name__.upper(),
        )
    return parser
