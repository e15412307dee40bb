"""Run code as an unprivileged user, because root can read every file and write to every folder."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def ordinary_user(folder: Path) -> Iterator[None]:
    """Run the block without root's rights, as a user who can reach and list the folder."""
    with ExitStack() as stack:
        if os.geteuid() == 0:
            for path in (folder, *folder.parents):
                mode = path.stat().st_mode
                if not mode & 0o001:
                    stack.callback(path.chmod, mode)
                    path.chmod(mode | 0o055)
            stack.callback(os.seteuid, 0)
            os.seteuid(NOBODY)
        yield
