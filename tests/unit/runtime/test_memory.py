"""Jobs on images larger than the memory, with a limit of writable memory set by the system."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cifarbench.io.memmap import chunk_rows, release_pages, take_rows

SCRIPTS = Path(__file__).parents[3] / "scripts"
N_IMAGES, N_VALUES = 130_000, 768
# Limit of a job without its libraries and threads; the images have 100 MB as bytes and 400 MB as float32.
ALLOWED = 60_000_000

PROGRAM = """
import ctypes, resource, sys
from pathlib import Path
import numpy as np

folder, allowed, job = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
images, labels = np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "labels.npy")
few = np.arange(300)


def moments(rows):
    from cifarbench.features.covariance import RunningCovariance
    RunningCovariance.from_images(images, rows)


def features(rows):
    from cifarbench.features.pipeline import FeatureStep
    from cifarbench.features.pca import PrincipalComponents
    from cifarbench.features.covariance import RunningCovariance
    from cifarbench.io.atomic import save_npy_blocks
    state = PrincipalComponents.fit(RunningCovariance.from_images(images, few), False).state_dict()
    step = FeatureStep("pca", {"n_components": 256}, state)
    save_npy_blocks(folder / "features.npy", step.transform_blocks(images[: len(rows)], (3, 16, 16)), len(rows))


def discriminants(rows):
    from cifarbench.features import lda
    from cifarbench.features.fit_inputs import FitInputs
    lda.fit(FitInputs(images, rows, labels, 10, (3, 16, 16), 0), {"shrinkage": 0.1})


def neighbors(rows):
    from cifarbench.models.knn.exact import knn_blocked
    knn_blocked(images, rows, images, few, metric="cosine", n_neighbors=5, threads=1, memory_mb=30)


def approximate(rows):
    from cifarbench.models.knn.ann import knn_search
    params = {"ann": {"nlist": 20, "nprobe": 4}, "metric": "euclidean", "n_neighbors": 5}
    knn_search(images, rows, images[few], params, threads=1, memory_mb=30)


def votes(rows):
    from cifarbench.models.knn.voting import predict_proba
    predict_proba(np.zeros((min(len(rows), 5000), 3), int), 2000)


def classifier(rows):
    from cifarbench.models.estimators.classifier import build, fit
    found = build("sklearn.naive_bayes.GaussianNB", {}, 0, "models.m")
    fit(found, images, labels, rows, 1000, 0)


def training(rows):
    import torch
    from cifarbench.models.networks import streaming
    streaming.SHUFFLE_BUFFER_BYTES = 5_000_000
    stream = streaming.StreamingImages(folder / "images.npy", (3, 16, 16), torch.device("cpu"), rows)
    for batch in stream.shuffle(torch.Generator().manual_seed(0), 100).split(100):
        stream.index_select(0, batch)


def doubts(rows):
    from cifarbench.audit import label_issues
    # Smaller parameters than usual, whose memory does not depend on the number of images.
    label_issues.PATCH_PARAMS |= {"n_patches": 20, "patch_size": 3}
    label_issues.MIN_LANDMARKS = label_issues.MAX_LANDMARKS = 200
    some = images[: len(rows) // 2]
    given = labels[: len(some)]
    proba = label_issues.out_of_fold_proba(some, given, 10, (3, 16, 16), 0, folder)
    label_issues.detect_label_issues(proba, given)


def oddities(rows):
    from cifarbench.audit.image_issues import find_image_issues
    some = images[: max(len(rows) // 4, 10_000)]
    find_image_issues(some, labels[: len(some)], (3, 16, 16), 1)


run = globals()[job]
# Load the libraries, which reserve memory for their threads.
run(few)
# Return freed memory to the system.
ctypes.CDLL(None).malloc_trim(0)
status = Path("/proc/self/status").read_text().splitlines()
data = 1024 * int(next(line.split()[1] for line in status if line.startswith("VmData")))
resource.setrlimit(resource.RLIMIT_DATA, (data + allowed,) * 2)
run(np.arange(len(images)))
try:
    np.ones(2 * allowed, np.uint8)
except MemoryError:
    print("limited")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    np.save(found / "images.npy", random.integers(0, 256, (N_IMAGES, N_VALUES), np.uint8))
    np.save(found / "labels.npy", random.integers(0, 10, N_IMAGES))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("job", re.findall(r"^def (\w+)", PROGRAM, re.MULTILINE))
def test_job_stays_within_its_memory(folder: Path, job: str) -> None:
    command = [sys.executable, "-c", PROGRAM, folder, str(ALLOWED), job]
    environment = {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    process = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert process.stdout == "limited\n", process.stderr


def test_chunks_have_every_row_once_and_fit_the_limit() -> None:
    rows = np.flatnonzero(np.arange(1000) % 3)
    blocks = [*chunk_rows(rows, row_bytes=1000, megabytes=0.05)]
    np.testing.assert_array_equal(np.concatenate(blocks), rows)
    assert {len(block) for block in blocks[:-1]} == {50}
    assert {len(block) for block in chunk_rows(rows, 1000, 0.05, most=30)} == {30, len(rows) % 30}
    # Chunks have at least one row, even without memory.
    assert [len(block) for block in chunk_rows(rows[:3], 1000, 0)] == [1, 1, 1]


def test_consecutive_rows_are_a_view_and_released_pages_are_read_again(tmp_path: Path) -> None:
    values = np.arange(60).reshape(20, 3)
    np.save(tmp_path / "values.npy", values)
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")
    for rows in ([4, 5, 6], [7], [3, 9, 2], [6, 5, 4], []):
        found = take_rows(mapped, np.array(rows, int))
        np.testing.assert_array_equal(found, values[rows])
        release_pages(mapped)
        np.testing.assert_array_equal(found, values[rows])
    assert take_rows(mapped, np.arange(4, 9)).base is not None
    release_pages(values)
