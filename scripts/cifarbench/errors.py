"""Define the exception for mistakes that the user can correct, and end a process with its message."""

import contextlib
import errno
import sys
from collections.abc import Iterator


class UserError(Exception):
    """A mistake that the user can correct.

    The message is one sentence that names the key, file or value and what would be valid. It is shown without a
    traceback.
    """


@contextlib.contextmanager
def exit_on_user_errors() -> Iterator[None]:
    """End the process with one sentence on a UserError or a full disk; other errors are raised."""
    try:
        yield
    except UserError as error:
        sys.exit(f"Error: {error}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        message = f"Error: no space left on the disk{where}; free space and run the same command again."
        # The log may be on that disk; standard output reaches the terminal.
        print(message, flush=True)
        sys.exit(message)
