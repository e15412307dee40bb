"""Growth read from what runs have kept: exponents of known power laws, memory and disk as they are."""

import json
from pathlib import Path

import numpy as np
import pytest

import sizes


def results(folder: Path, n_train: int) -> Path:
    """A folder as a run leaves it, with one job that grows in proportion and one that does not."""
    for name, seconds in (("fit/model", n_train / 1000), ("draw/model", 6.0), ("short", 0.2)):
        path = folder / f"benchmarks/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\n{seconds}\t1000\n{seconds}\t-\n")
    (folder / "data").mkdir()
    (folder / "data/dataset.json").write_text(json.dumps({"n_train": n_train}))
    np.save(folder / "data/train_images.npy", np.zeros((n_train, 10), np.uint8))
    return folder


def test_exponents_memory_and_disk(tmp_path: Path) -> None:
    folders = [results(tmp_path / str(n), n) for n in (5000, 20000, 100000)]
    text, curves = sizes.table(folders)
    assert set(curves) == {"fit/model", "draw/model"}
    assert "| `fit/model` | 5.0 s | 20.0 s | 100.0 s | 1.00 | 1,049 / 1,049 / 1,049 MB |" in text
    assert "| `draw/model` | 6.0 s | 6.0 s | 6.0 s | 0.00 |" in text
    assert "| `short` | 0.2 s | 0.2 s | 0.2 s |  |" in text
    assert "| images and labels | 0 MB | 0 MB | 1 MB |" in text
    sizes.draw([5000, 20000, 100000], curves, tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").stat().st_size > 1000


@pytest.mark.parametrize("power", [0.5, 1.0, 1.8])
def test_the_exponent_is_that_of_the_power_law(power: float) -> None:
    counts = [50_000, 200_000, 1_000_000]
    assert sizes.exponent(counts, [3 * count**power for count in counts]) == pytest.approx(power)
