"""End a process with one sentence on errors that the user can correct."""

import contextlib
import errno
import sys
from collections.abc import Iterator

from cifarbench.errors import UserError


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
