"""Fuzzing of archives: each is read as valid arrays or refused with a UserError in bounded time and memory."""

import contextlib
import gzip
import random
import resource
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from cifarbench.data.cifar import CIFAR10, read_cifar
from cifarbench.errors import UserError
from helpers.batches import DECLARED, make_batches, pickled, tarred, write_archive

SECONDS = 1
MEMORY = 512 * 1024 * 1024
# Bytes that are significant in length fields, opcodes and signs.
SPECIAL_BYTES = [bytes([byte]) for byte in b"\x00\xff\x7f\x80qR."]
SPECIAL_BYTES += [b"\xff" * 4, b"\x00" * 8, b"\xff\xff\xff\x7f", b"9" * 11]
LAYERS = ["gzip", "tar", "pickle"]


class TooLong(BaseException):
    """Time limit exceeded; not an Exception, so that no handler catches it."""


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return `data` with one to four random changes."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(changed) + 1)
        # Mostly near the beginning, since the rest is pixels.
        start = min(start, rng.randrange(1 + len(changed) // rng.choice([1, 10, 100])))
        end = min(len(changed), start + rng.choice([1, 1, 2, 8, 512]))
        match rng.randrange(7):
            case 0:
                changed[start:end] = bytes(byte ^ (1 << rng.randrange(8)) for byte in changed[start:end])
            case 1:
                changed[start:end] = rng.randbytes(end - start)
            case 2:
                changed[start : start + 1] = rng.choice(SPECIAL_BYTES)
            case 3:
                del changed[start:end]
            case 4:
                changed[start:start] = changed[start:end]
            case 5:
                target = rng.randrange(len(changed) + 1)
                changed[target:target] = changed[start:end]
            case 6:
                del changed[len(changed) - rng.randrange(1 + len(changed) // 4) :]
    return bytes(changed)


def fuzzed_archive(rng: random.Random, layer: str) -> bytes:
    """Return an archive that is damaged in one layer and intact in the layers around it."""
    members = pickled(make_batches(), protocol=rng.randrange(6))
    if layer == "pickle":
        name = rng.choice(list(members))
        members[name] = mutated(members[name], rng)
    tar = tarred(members)
    if layer == "tar":
        tar = mutated(tar, rng)
    archive = gzip.compress(tar, 1, mtime=0)
    return mutated(archive, rng) if layer == "gzip" else archive


@contextlib.contextmanager
def limits():
    """Limit the computing time to SECONDS and the additional memory to MEMORY."""

    def stop(*_):
        raise TooLong

    before = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    handler = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def fuzz(count: int, path: Path) -> dict[str, int]:
    """Read `count` damaged archives and return the numbers of those read and refused by layer."""
    original = read_cifar(write_archive(path, make_batches()), CIFAR10, DECLARED)
    outcomes = dict.fromkeys([f"{layer} {end}" for layer in LAYERS for end in ("read", "refused")], 0)
    for seed in range(count):
        layer = LAYERS[seed % len(LAYERS)]
        path.write_bytes(fuzzed_archive(random.Random(seed), layer))
        try:
            with limits():
                found = read_cifar(path, CIFAR10, DECLARED)
        except UserError as refusal:
            assert str(refusal).isprintable(), f"seed {seed}"
            outcomes[f"{layer} refused"] += 1
            continue
        except BaseException as error:
            raise AssertionError(f"seed {seed} ended in {error!r}") from error
        outcomes[f"{layer} read"] += 1
        assert found.train_images.shape == original.train_images.shape, f"seed {seed}"
        assert found.test_images.shape == original.test_images.shape, f"seed {seed}"
        assert found.train_images.dtype == np.uint8
        assert found.train_labels.min() >= 0 and found.train_labels.max() < DECLARED.n_classes, f"seed {seed}"
        assert len(set(found.classes)) == DECLARED.n_classes, f"seed {seed}"
        if layer == "gzip":
            # gzip verifies a checksum, so that an archive that is read is unchanged.
            assert np.array_equal(found.train_images, original.train_images), f"seed {seed}"
            assert np.array_equal(found.test_labels, original.test_labels), f"seed {seed}"
    return outcomes


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.long)])
def test_damaged_archives_are_read_or_refused(tmp_path, count):
    outcomes = fuzz(count, tmp_path / "archive.tar.gz")
    assert all(outcomes[f"{layer} refused"] for layer in LAYERS)
    assert outcomes["tar read"] and outcomes["pickle read"]
