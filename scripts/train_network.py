"""Train a network, going on from its last checkpoint if there is one."""

from pathlib import Path

import torch

from cifarbench.networks.checkpoints import Checkpoints
from cifarbench.networks.devices import claim_device
from cifarbench.networks.perceptron import Perceptron, architecture, save
from cifarbench.networks.training import Split, train
from cifarbench.study.command import run
from cifarbench.study.cost import cost_record
from cifarbench.study.files import checksum, read_json, write_json
from cifarbench.study.tables import write_table


def main(
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    dataset: Path,
    network: Path,
    history: Path,
    cost: Path,
    checkpoints: Path,
    checkpoint_seconds: float,
    settings: dict,
    code: str,
    threads: int,
) -> None:
    """settings: `params` (the model's entry) and `seed`. code: a checkpoint that other code wrote is not used."""
    params, seed, about = settings["params"], settings["seed"], read_json(dataset)
    claim_device()
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    shape = architecture(params, about["image_shape"], len(about["classes"]))
    model = Perceptron(**shape).to(device)
    belongs_to = {
        "params": {name: value for name, value in params.items() if name != "epochs"},
        "seed": seed,
        "data": [checksum(path) for path in (train_images, train_labels, test_images, test_labels)],
        "code": code,
        "torch": torch.__version__,
    }
    rows, seconds = train(
        model,
        Split.load(train_images, train_labels, device),
        Split.load(test_images, test_labels, device),
        learning_rate=params["learning_rate"],
        batch_size=params["batch_size"],
        epochs=params["epochs"],
        seed=seed,
        checkpoints=Checkpoints(checkpoints, belongs_to),
        checkpoint_seconds=checkpoint_seconds,
    )
    save(network, model, shape)
    write_table(history, {name: [row[name] for row in rows] for name in rows[0]})
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    write_json(cost, {**cost_record(seconds, threads), "device": name})


if __name__ == "__main__":
    run(main)
