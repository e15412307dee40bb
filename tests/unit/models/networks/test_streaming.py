"""Images that are streamed in pools: each once per epoch, in an order that depends only on the generator."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cifarbench.models.networks import streaming
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.streaming import BLOCK, StreamingImages
from cifarbench.models.networks.training import Split, train
from cifarbench.models.networks.training_config import TrainingConfig

SHAPE = (3, 4, 4)
N = 1000
CPU = torch.device("cpu")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    # Pools of 200 images.
    monkeypatch.setattr(streaming, "SHUFFLE_BUFFER_BYTES", 200 * 48)
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, N)
    images = random.integers(0, 200, (N, 48), np.uint8) + (20 * labels[:, None]).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    return tmp_path / "images.npy", tmp_path / "labels.npy"


@pytest.mark.parametrize("some", [False, True], ids=["all", "some"])
def test_an_epoch_has_every_image_once(files, some):
    rows = np.flatnonzero(np.arange(N) % 3) if some else None
    stored = np.load(files[0])[rows if some else slice(None)].reshape(-1, *SHAPE)
    stream = StreamingImages(files[0], SHAPE, CPU, rows)
    generator = torch.Generator().manual_seed(0)
    orders = []
    for _ in range(2):
        order = stream.shuffle(generator, 16)
        assert sorted(order.tolist()) == list(range(len(stored)))
        for batch in order.split(16):
            np.testing.assert_array_equal(stream.index_select(0, batch).numpy(), stored[batch.numpy()])
        orders.append(order)
    assert not torch.equal(*orders)


def test_pools_consist_of_random_blocks_and_batches_of_one_pool(files):
    order = StreamingImages(files[0], SHAPE, CPU).shuffle(torch.Generator().manual_seed(0), 16).numpy()
    size = 200 // 16 * 16
    for start in range(0, N, size):
        pool = order[start : start + size]
        # A pool consists of blocks of consecutive images, of which only those at its ends are incomplete.
        assert len(set(pool // BLOCK)) <= size // BLOCK + 2
        # Within a pool, the images are shuffled.
        assert np.mean(np.diff(pool) == 1) < 0.05


def trained(files: tuple[Path, Path], folder: Path, epochs: int, streamed: bool = True, **more) -> tuple:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 3))
    recipe = TrainingConfig.from_params({"learning_rate": 0.05, "batch_size": 16, "epochs": epochs, **more})
    training = Split.load(*files, SHAPE, CPU, streamed=streamed)
    test = Split.load(*files, SHAPE, CPU)
    history, _ = train(
        *(network, training, test, recipe),
        seed=0,
        checkpoints=Checkpoints(folder, {}),
        checkpoint_interval_seconds=0,
    )
    return history, [weight.detach().numpy().tobytes() for weight in network.parameters()]


@pytest.mark.parametrize("more", [{}, {"flip": True, "translate": 1}], ids=["plain", "changed images"])
def test_a_resumed_training_equals_an_uninterrupted_one(files, tmp_path, more):
    whole = trained(files, tmp_path / "whole", 4, **more)
    trained(files, tmp_path / "cut", 2, **more)
    assert trained(files, tmp_path / "cut", 4, **more) == whole


def test_streaming_is_as_accurate_as_training_in_memory(files, tmp_path):
    streamed, _ = trained(files, tmp_path / "streamed", 8)
    in_memory, _ = trained(files, tmp_path / "in_memory", 8, streamed=False)
    assert streamed[-1]["train_accuracy"] > streamed[0]["train_accuracy"]
    assert abs(streamed[-1]["test_accuracy"] - in_memory[-1]["test_accuracy"]) < 0.06
