"""Checkpoints that survive any end of the process, and belong to one training alone."""

import hashlib
import io
import json
import logging
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch

from cifarbench.io.object_store import open_store

log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one training, in a folder, or below an `s3://...`, that is named after what they belong to.

    Two trainings that differ in anything but their number of epochs have different folders, so none ever
    starts from the other's weights; and whoever returns to an earlier learning rate finds its training there.
    Within the folder a file `epochs_<n>.pt` belongs to the run that was to train n epochs.
    """

    def __init__(self, root: str | Path, belongs_to: dict[str, Any]):
        self.belongs_to = json.dumps(belongs_to, sort_keys=True)
        self.place = open_store(root) / hashlib.sha256(self.belongs_to.encode()).hexdigest()[:16]

    def latest(self, epochs: int) -> dict[str, Any] | None:
        """Return the state with the most epochs, `epochs` at most, or None.

        A file that is torn or belongs to another training is set aside, with a sentence in the log.
        """
        states = [self._read(name) for name in self.place.list_files() if fnmatch(name, "epochs_*.pt")]
        usable = [state for state in states if state and state["epoch"] <= epochs]
        return max(usable, key=lambda state: state["epoch"], default=None)

    def save(self, epochs: int, state: dict[str, Any]) -> None:
        """Write the state of the run that is to train `epochs` epochs, whole or not at all."""
        buffer = io.BytesIO()
        torch.save({**state, "belongs_to": self.belongs_to}, buffer)
        content = buffer.getvalue()
        self.place.write(f"epochs_{epochs}.pt", hashlib.sha256(content).digest() + content)

    def _read(self, name: str) -> dict[str, Any] | None:
        stored = self.place.read(name)
        checksum, content = stored[:32], stored[32:]
        if hashlib.sha256(content).digest() != checksum:
            return self._set_aside(name, stored, "is torn")
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if state["belongs_to"] != self.belongs_to:
            return self._set_aside(name, stored, "belongs to another training")
        return state

    def _set_aside(self, name: str, stored: bytes, reason: str) -> None:
        aside = f"{name}.aside"
        self.place.write(aside, stored)
        self.place.remove(name)
        log.warning(
            "The checkpoint %s/%s %s; it was renamed %s and is not used.", self.place, name, reason, aside
        )
