"""Networks, their training loop, and checkpoints."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.factory import build_model
from cifarbench.models.networks.mlp import MLP, Dropout
from cifarbench.models.networks.preprocessing import preprocess
from cifarbench.models.networks.training import Split, predict_logits, train
from cifarbench.models.networks.training_config import TrainingConfig

IMAGE_SHAPE = (3, 4, 4)
SHAPE = {"image_shape": IMAGE_SHAPE, "n_classes": 3, "hidden_dim": 16, "batch_norm": True, "dropout": 0.5}
CHECKPOINT_KEY = {"learning_rate": 0.1}


def splits() -> tuple[Split, Split]:
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (300,), generator=random)
    images = torch.randint(0, 156, (300, 3, 4, 4), dtype=torch.uint8, generator=random)
    images[torch.arange(300), labels] += 100  # the brighter channel is the class
    return Split(images[:200], labels[:200]), Split(images[200:], labels[200:])


# All options of a training; with the schedule, each step depends on the number of epochs.
ALL_OPTIONS = {"momentum": 0.9, "weight_decay": 1e-3, "schedule": "triangular", "label_smoothing": 0.1}
ALL_OPTIONS |= {"flip": True, "translate": 1, "tta_flip": True}


def trained(
    folder: Path, epochs: int, belongs_to: dict | None = None, network: nn.Module | None = None, **more: Any
) -> tuple[nn.Module, list[dict]]:
    # The rounding of sums depends on the number of threads.
    torch.set_num_threads(1)
    torch.manual_seed(7)
    network = network or MLP(**SHAPE)
    training, test = splits()
    history, _ = train(
        network,
        training,
        test,
        TrainingConfig(learning_rate=0.1, batch_size=32, epochs=epochs, **more),
        seed=7,
        checkpoints=Checkpoints(folder, belongs_to or CHECKPOINT_KEY),
        checkpoint_interval_seconds=0,
        validation=test if "early_stopping" in more else None,
    )
    return network, history


def weights(network: nn.Module) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in network.state_dict().values()]


@pytest.mark.parametrize("more", [False, True], ids=["plain", "batch norm and dropout"])
def test_layers_of_the_perceptron(more):
    network = MLP((3, 32, 32), 10, 128, batch_norm=more, dropout=0.5 if more else 0.0)
    hidden = ["Linear", "BatchNorm1d", "ReLU", "Dropout"] if more else ["Linear", "ReLU"]
    assert [type(layer).__name__ for layer in network.layers] == hidden * 2 + ["Linear"]
    n_parameters = 3072 * 128 + 128 + 128 * 128 + 128 + 1290 + more * 2 * 2 * 128
    assert sum(weight.numel() for weight in network.parameters()) == n_parameters
    assert network(torch.zeros(5, 3, 32, 32)).shape == (5, 10)


def test_perceptrons_have_the_given_hidden_layers_and_activation():
    network = MLP((3, 4, 4), 10, hidden_dims=[16, 8, 4], batch_norm=True, activation="GELU")
    assert [type(layer).__name__ for layer in network.layers] == ["Linear", "BatchNorm1d", "GELU"] * 3 + [
        "Linear"
    ]
    linear = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [
        (48, 16),
        (16, 8),
        (8, 4),
        (4, 10),
    ]


def test_perceptrons_whiten_images():
    random = torch.Generator().manual_seed(0)
    # Neighbouring pixels are strongly correlated.
    images = torch.randn(500, 3, 5, 5, generator=random).cumsum(2).cumsum(3) / 5
    network = MLP((3, 5, 5), 10, hidden_dims=[16], whitening=20)
    network.prepare(images)
    values = network.whitening(images.flatten(1))
    torch.testing.assert_close(values.mean(0), torch.zeros(20), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(values.T), torch.eye(20), atol=0.1, rtol=0)
    torch.testing.assert_close(network(images), network.layers(values))
    assert not any(weight.requires_grad for weight in network.whitening.parameters())


def test_preprocessing_equals_torchvisions():
    # Import it here, so that processes that import this file do not load it.
    from torchvision.transforms import v2

    pixels = torch.arange(256, dtype=torch.uint8).repeat(3).reshape(1, 3, 16, 16)
    half = [0.5] * 3
    theirs = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(half, half)])
    torch.testing.assert_close(preprocess(pixels), theirs(pixels), rtol=0, atol=2e-7)
    assert preprocess(pixels).aminmax() == (-1, 1)


def test_dropout_equals_torchs():
    torch.manual_seed(3)
    inputs = torch.rand(1000, 100).add_(1).requires_grad_()
    layer = Dropout(0.3)
    outputs = layer(inputs)
    outputs.sum().backward()
    kept = outputs != 0
    # For 100,000 draws, four standard deviations of the share are 0.006.
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.006)
    torch.testing.assert_close(outputs[kept], (inputs / 0.7)[kept])
    torch.testing.assert_close(inputs.grad, kept / 0.7)
    assert not torch.equal(layer(inputs) != 0, kept)
    assert layer.eval()(inputs) is inputs


def test_an_epoch_equals_one_in_plain_pytorch(tmp_path):
    """Compare with float images, torch's SGD, and averages over batches."""
    network, history = trained(tmp_path, epochs=1)
    training, test = splits()
    torch.manual_seed(7)
    plain = MLP(**SHAPE)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    inputs = (training.images.float() / 255 - 0.5) / 0.5
    losses, hits = [], 0
    for batch in torch.randperm(200, generator=torch.Generator().manual_seed(7)).split(32):
        logits = plain(inputs[batch])
        loss = nn.functional.cross_entropy(logits, training.labels[batch], reduction="sum")
        optimizer.zero_grad()
        (loss / len(batch)).backward()
        optimizer.step()
        losses.append(loss.item())
        hits += (logits.argmax(1) == training.labels[batch]).sum().item()
    assert history[0]["train_loss"] == pytest.approx(sum(losses) / 200, rel=1e-5)
    assert history[0]["train_accuracy"] == hits / 200
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    plain.eval()
    logits = plain((test.images.float() / 255 - 0.5) / 0.5)
    assert history[0]["test_loss"] == pytest.approx(
        nn.functional.cross_entropy(logits, test.labels).item(), rel=1e-5
    )
    torch.testing.assert_close(predict_logits(network, test.images), logits.detach())


@pytest.mark.parametrize("convolutions", [False, True])
def test_training_improves_the_accuracy(tmp_path, convolutions):
    network = build_model({"channels": [8]}, IMAGE_SHAPE, 3) if convolutions else None
    *_, last = trained(tmp_path, 30, network=network, momentum=0.9 if convolutions else 0.0)[1]
    assert last["test_accuracy"] > 0.8


def test_training_with_more_epochs_resumes_and_equals_an_uninterrupted_one(tmp_path):
    trained(tmp_path / "a", epochs=3)
    network, history = trained(tmp_path / "a", epochs=5)
    straight, straight_history = trained(tmp_path / "b", epochs=5)
    assert weights(network) == weights(straight)
    assert history == straight_history
    # Fewer epochs need another training, which must not use the checkpoint of the longer one.
    assert trained(tmp_path / "a", epochs=4)[1] == straight_history[:4]


def test_a_corrupt_checkpoint_is_set_aside(tmp_path, caplog):
    _, before = trained(tmp_path, epochs=2)
    path = Checkpoints(tmp_path, CHECKPOINT_KEY).store.path / "epochs_2.pt"
    path.write_bytes(path.read_bytes()[:-100])
    _, after = trained(tmp_path, epochs=2)
    assert after == before
    assert "epochs_2.pt is corrupt" in caplog.text
    assert path.with_suffix(".pt.aside").exists()


def test_a_checkpoint_of_another_training_is_set_aside(tmp_path, caplog):
    trained(tmp_path, epochs=2, belongs_to={"learning_rate": 9})
    foreign = Checkpoints(tmp_path, {"learning_rate": 9}).store.path
    foreign.rename(Checkpoints(tmp_path, CHECKPOINT_KEY).store.path)
    _, history = trained(tmp_path, epochs=2)
    assert "belongs to another training" in caplog.text
    assert history == trained(tmp_path / "clean", epochs=2)[1]


class Interrupted(Exception):
    pass


class Stopping(Checkpoints):
    """Checkpoints that interrupt the training after the second one."""

    def save(self, epochs: int, state: dict) -> None:
        super().save(epochs, state)
        if state["epoch"] == 2:
            raise Interrupted


OPTIONS = [{}, {"precision": "bfloat16"}, {"early_stopping": {"patience": 3}}]
OPTIONS += [
    {"tta": "flip_translate", "tta_flip": False},
    {"grad_clip": 0.5, "ema": 0.9, "class_weight": "balanced", "cutout": 2},
    {"transform": "torchvision.transforms.v2.RandomErasing", "transform_params": {"p": 0.7}},
    {"ema": 0.9, "early_stopping": {"patience": 3}},
    {"optimizer": "AdamW", "optimizer_params": {"amsgrad": True}, "momentum": 0},
    {"optimizer": "Muon", "momentum": 0, "schedule": "OneCycleLR", "schedule_params": {"pct_start": 0.3}},
]


@pytest.mark.parametrize("more", OPTIONS, ids=lambda more: "+".join(more) or "none")
def test_resuming_is_exact_with_all_options(tmp_path, monkeypatch, more):
    options = ALL_OPTIONS | more

    def convnet() -> nn.Module:
        torch.manual_seed(7)
        return build_model({"channels": [4]}, IMAGE_SHAPE, 3)

    straight, straight_history = trained(tmp_path / "straight", 5, network=convnet(), **options)
    with monkeypatch.context() as patch:
        patch.setitem(trained.__globals__, "Checkpoints", Stopping)
        with pytest.raises(Interrupted):
            trained(tmp_path / "stopped", 5, network=convnet(), **options)
    network, history = trained(tmp_path / "stopped", 5, network=convnet(), **options)
    assert weights(network) == weights(straight)
    assert history == straight_history


def test_logits_of_an_image_and_its_mirror_image_are_averaged():
    torch.manual_seed(1)
    network, images = MLP(**SHAPE), splits()[1].images
    both = (predict_logits(network, images) + predict_logits(network, images.flip(3))) / 2
    torch.testing.assert_close(predict_logits(network, images, tta="flip"), both)
    assert not torch.allclose(both, predict_logits(network, images))


def test_logits_of_translated_images_have_half_of_the_weight():
    torch.manual_seed(1)
    network, images = MLP(**SHAPE), splits()[1].images
    padded = nn.functional.pad(images.float(), (1, 1, 1, 1), "reflect").byte()
    shifted = [padded[:, :, :-2, :-2], padded[:, :, 2:, 2:]]
    expected = predict_logits(network, images, "flip") / 2
    expected += sum(predict_logits(network, view, "flip") for view in shifted) / 4
    torch.testing.assert_close(predict_logits(network, images, "flip_translate"), expected)


def test_losses_are_reported_without_label_smoothing(tmp_path):
    # One batch has all images, so that the loss of the first epoch is that of the untrained network.
    torch.manual_seed(7)
    network = MLP(IMAGE_SHAPE, 3, 16, batch_norm=False, dropout=0.0)
    training, test = splits()
    loss = nn.functional.cross_entropy(predict_logits(network, training.images), training.labels).item()
    recipe = TrainingConfig(learning_rate=0.1, batch_size=200, epochs=1, label_smoothing=0.5)
    checkpoints = Checkpoints(tmp_path, {})
    history, _ = train(
        network, training, test, recipe, seed=0, checkpoints=checkpoints, checkpoint_interval_seconds=9
    )
    assert history[0]["train_loss"] == pytest.approx(loss, rel=1e-5)
