"""How far a download is, in the log: a display of the run reads it there."""

import logging
import time
from typing import Self

LOG_SECONDS = 2

log = logging.getLogger(__name__)


class DownloadProgress:
    """Tells source, amount, speed and time left of a download while its `with` block runs."""

    def __init__(self, source: str, have: int, size: int) -> None:
        self.source = source
        self.have = self.initial = have
        self.size = size

    def __enter__(self) -> Self:
        self.started = self.logged = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._write_line()

    def advance(self, count: int) -> None:
        """Count more bytes."""
        self.have += count
        if time.monotonic() - self.logged >= LOG_SECONDS:
            self._write_line()

    def _write_line(self) -> None:
        self.logged = time.monotonic()
        rate = (self.have - self.initial) / max(self.logged - self.started, 1e-3)
        left = f"{(self.size - self.have) / rate:.0f} s" if rate else "?"
        log.info(
            "%s: %.1f of %.1f MB, %.2f MB/s, %s left",
            self.source,
            self.have / 1e6,
            self.size / 1e6,
            rate / 1e6,
            left,
        )
