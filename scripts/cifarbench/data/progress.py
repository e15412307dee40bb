"""How far a download is: a bar on a terminal, and now and then a line in the log."""

import logging
import sys
import time
from typing import Self

from tqdm import tqdm

LOG_SECONDS = 5

log = logging.getLogger(__name__)


class Progress:
    """Shows source, amount, speed and time left of a download while its `with` block runs."""

    def __init__(self, source: str, have: int, size: int) -> None:
        self.source = source
        self.have = self.initial = have
        self.size = size
        # disable=None: no bar unless it is a terminal.
        self.bar = tqdm(
            desc=source,
            initial=have,
            total=size,
            unit="B",
            unit_scale=True,
            file=sys.stdout,
            disable=None,
            leave=False,
        )

    def __enter__(self) -> Self:
        self.started = self.logged = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._write_line()
        self.bar.close()

    def advance(self, count: int) -> None:
        """Count more bytes."""
        self.have += count
        self.bar.update(count)
        if time.monotonic() - self.logged >= LOG_SECONDS:
            self._write_line()

    def _write_line(self) -> None:
        self.logged = time.monotonic()
        rate = (self.have - self.initial) / max(self.logged - self.started, 1e-3)
        left = tqdm.format_interval((self.size - self.have) / rate) if rate else "?"
        log.info(
            "%s: %.1f of %.1f MB, %.2f MB/s, %s left",
            self.source,
            self.have / 1e6,
            self.size / 1e6,
            rate / 1e6,
            left,
        )
