"""Reference implementation of each case: scikit-learn and torch as their tutorials use them."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, relu
from torch.utils.data import DataLoader, Dataset
from torchvision import models, transforms

from data import Images, random_filters


def knn_raw(images: Images) -> float:
    """Fit and predict on raw pixels; return the accuracy."""
    classifier = KNeighborsClassifier(5, n_jobs=-1).fit(images.train, images.train_labels)
    return classifier.score(images.test, images.test_labels)


def knn_pca(images: Images, standardize: bool) -> float:
    """Fit and predict on 128 components, of scaled pixels or not; return the accuracy."""
    steps = [("pca", PCA(128)), ("knn", KNeighborsClassifier(5, n_jobs=-1))]
    if standardize:
        steps.insert(0, ("scale", StandardScaler()))
    return Pipeline(steps).fit(images.train, images.train_labels).score(images.test, images.test_labels)


def grid(images: Images, n_components: list[int], n_neighbors: list[int]) -> float:
    """Search the grid by threefold cross-validation; return the best mean score."""
    pipeline = Pipeline([("scale", StandardScaler()), ("pca", PCA()), ("knn", KNeighborsClassifier())])
    grid = {"pca__n_components": n_components, "knn__n_neighbors": n_neighbors}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=-1, refit=False)
    return search.fit(images.train, images.train_labels).best_score_


def ridge(images: Images, alpha: float, batch_size: int) -> float:
    """Fit to standardized pixels and predict; return the accuracy."""
    classifier = RidgeClassifier(alpha * len(images.train), solver="cholesky")
    steps = [("scale", StandardScaler()), ("ridge", classifier)]
    return Pipeline(steps).fit(images.train, images.train_labels).score(images.test, images.test_labels)


@torch.inference_mode()
def patches(images: Images, n_patches: int, size: int) -> float:
    """Compute responses of the training images to patches, averaged over four regions; return their mean."""
    filters = torch.from_numpy(random_filters(n_patches, size)).view(n_patches, 3, size, size)
    total = 0.0
    for rows in torch.from_numpy(images.train).split(128):
        pixels = rows.view(-1, 3, 32, 32).float() / 128 - 1
        mean = avg_pool2d(pixels, size, stride=1).mean(1, keepdim=True)
        variance = avg_pool2d(pixels**2, size, stride=1).mean(1, keepdim=True) - mean**2
        response = conv2d(pixels, filters) - mean * filters.sum((1, 2, 3))[:, None, None]
        response /= torch.sqrt(variance + 10 / 128**2)
        half = (34 - size) // 2
        for sign in (1, -1):
            pooled = avg_pool2d(relu(sign * response - 0.25), half, ceil_mode=True)
            total += pooled.flatten(1).mean(1).sum().item() / 2
    return total / len(images.train)


class SingleImages(Dataset):
    """Images one at a time, as torchvision's CIFAR10 yields them."""

    def __init__(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        *changes: nn.Module,
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        std: Sequence[float] = (0.5, 0.5, 0.5),
    ):
        self.images = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        self.labels = labels
        normalize = transforms.Normalize(mean, std)
        self.transform = transforms.Compose([*changes, transforms.ToTensor(), normalize])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Return an image (3, 32, 32) float32, and its label."""
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


@torch.no_grad()
def pretrained(images: Images) -> float:
    """Compute the inputs of MobileNetV3-small's last layer for the training images; return their mean."""
    torch.manual_seed(0)
    model = models.mobilenet_v3_small().eval()
    model.classifier[-1] = nn.Identity()
    transform = models.MobileNet_V3_Small_Weights.DEFAULT.transforms()
    scale = {"mean": transform.mean, "std": transform.std}
    resized = SingleImages(images.train, images.train_labels, transforms.Resize(96), **scale)
    return float(np.mean([model(inputs).mean().item() for inputs, _ in DataLoader(resized, 64)]))


def network(images: Images, epochs: int, batch_norm: bool) -> float:
    """Train a perceptron with an evaluation after each epoch; return the last test accuracy."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten()]
    for width in (3072, 128):
        layers.append(nn.Linear(width, 128))
        layers += [nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.5)] if batch_norm else [nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    training = SingleImages(images.train, images.train_labels)
    for _ in range(epochs):
        _train_epoch(model, nn.CrossEntropyLoss(), optimizer, training, batch_size=128)
        accuracy = _accuracy(model, SingleImages(images.test, images.test_labels))
    return accuracy


def convnet(images: Images, channels: list[int]) -> float:
    """Train a convolutional network for an epoch on flipped and translated images; return the test accuracy."""
    from cifarbench.models.networks.convnet import ConvNet

    torch.manual_seed(0)
    model = ConvNet((3, 32, 32), 10, channels)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(weights, lr=0.4, momentum=0.85, nesterov=True, weight_decay=0.001)
    crop = transforms.RandomCrop(32, padding=2, padding_mode="reflect")
    training = SingleImages(images.train, images.train_labels, crop, transforms.RandomHorizontalFlip())
    _train_epoch(model, nn.CrossEntropyLoss(label_smoothing=0.2), optimizer, training, batch_size=256)
    return _accuracy(model, SingleImages(*images.test_subset()))


def _train_epoch(model: nn.Module, loss_of: nn.Module, optimizer, training: Dataset, batch_size: int) -> None:
    model.train()
    for inputs, labels in DataLoader(training, batch_size, shuffle=True, num_workers=4):
        optimizer.zero_grad()
        loss_of(model(inputs), labels).backward()
        optimizer.step()


@torch.no_grad()
def _accuracy(model: nn.Module, test: Dataset) -> float:
    model.eval()
    right = 0
    for inputs, labels in DataLoader(test, 128, num_workers=4):
        right += (model(inputs).argmax(1) == labels).sum().item()
    return right / len(test)
