"""Save and load checkpoints, atomically and separately for each training."""

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
    """The checkpoints of one training: files `epochs_<n>.pt`, one for each number of epochs of the run.

    root: a folder, or an address s3://... of object storage. key: everything that the training depends on, except its
    number of epochs. Trainings with different keys have different folders, so none starts from another's weights.
    """

    def __init__(self, root: str | Path, key: dict[str, Any]):
        self.key = json.dumps(key, sort_keys=True)
        self.store = open_store(root) / hashlib.sha256(self.key.encode()).hexdigest()[:16]

    def latest(self, epochs: int) -> dict[str, Any] | None:
        """Return the state with the most epochs, at most `epochs`, or None.

        A file that is corrupt or belongs to another training is renamed, with a warning in the log.
        """
        states = [self._read(name) for name in self.store.list_files() if fnmatch(name, "epochs_*.pt")]
        usable = [state for state in states if state and state["epoch"] <= epochs]
        return max(usable, key=lambda state: state["epoch"], default=None)

    def save(self, epochs: int, state: dict[str, Any]) -> None:
        """Write the state of the run of `epochs` epochs atomically."""
        buffer = io.BytesIO()
        torch.save({**state, "key": self.key}, buffer)
        content = buffer.getvalue()
        self.store.write(f"epochs_{epochs}.pt", hashlib.sha256(content).digest() + content)

    def _read(self, name: str) -> dict[str, Any] | None:
        stored = self.store.read(name)
        checksum, content = stored[:32], stored[32:]
        if hashlib.sha256(content).digest() != checksum:
            self._set_aside(name, stored, "is corrupt")
            return None
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if state["key"] != self.key:
            self._set_aside(name, stored, "belongs to another training")
            return None
        return state

    def _set_aside(self, name: str, stored: bytes, reason: str) -> None:
        renamed = f"{name}.aside"
        self.store.write(renamed, stored)
        self.store.remove(name)
        log.warning(
            "The checkpoint %s/%s %s; it was renamed %s and is not used.", self.store, name, reason, renamed
        )
