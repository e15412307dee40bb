"""Define the exception for mistakes that the user can correct, and end a process with its message."""

import contextlib
import errno
import sys
from collections.abc import Iterator

# Optional packages: the extra of the package that installs each module.
EXTRAS = {
    **dict.fromkeys(("torchvision", "timm", "pyarrow"), "extended"),
    **dict.fromkeys(("onnx", "onnxruntime", "onnxscript", "skl2onnx", "rocrate"), "export"),
    "boto3": "cluster",
}


class UserError(Exception):
    """A mistake that the user can correct.

    The message is one sentence that names the key, file or value and what would be valid. It is shown without a
    traceback.
    """


def exit_on_windows() -> None:
    """End the process with one sentence on Windows, which has no bash, fcntl and resource."""
    if sys.platform == "win32":
        sys.exit("Error: cifarbench needs Linux or macOS; on Windows, run it in WSL (docs/install.md).")


@contextlib.contextmanager
def exit_on_user_errors() -> Iterator[None]:
    """End the process with one sentence on a UserError, a full disk or a missing optional package.

    Other errors are raised.
    """
    try:
        yield
    except UserError as error:
        sys.exit(f"Error: {error}")
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        sys.exit(
            f"Error: the package {module} is not installed; install it by: pip install 'cifarbench[{EXTRAS[module]}]'"
        )
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        message = f"Error: no space left on the disk{where}; free space and run the same command again."
        # The log may be on that disk; standard output reaches the terminal.
        print(message, flush=True)
        sys.exit(message)
