"""The test images that the explorer shows, and a map of them, on which images with similar features are close."""

import numpy as np

# Images of the explorer.
MAX_IMAGES = 20_000
# With more images, t-SNE would take minutes, and the map is their first two principal components.
MAX_TSNE_IMAGES = 10_000
# As van der Maaten and Hinton (2008) do, t-SNE begins from the first principal components.
N_COMPONENTS = 50
PERPLEXITY = 30
# Half of scikit-learn's default, which a map to look at needs less than its time.
N_ITERATIONS = 500


def sample_rows(labels: np.ndarray, seed: int, max_images: int = MAX_IMAGES) -> np.ndarray:
    """Return the rows of the test images to show, ascending: all, or a random sample with equal shares of each class.

    labels: (N,) int. Each class has at least one image in the sample, unless there are more classes than `max_images`.
    """
    rng = np.random.default_rng(seed)
    position = np.empty(len(labels))
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        position[rows] = np.arange(len(rows)) / len(rows)
    return np.sort(np.argsort(position, kind="stable")[:max_images])


def embed(features: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """Return the coordinates (N, 2) float32 of images, each between 0 and 1, and the method, `t-SNE` or `PCA`.

    features: (N, ...) numbers. The number of images decides on the method. With one thread, equal features give equal
    coordinates.
    """
    # Imports of scikit-learn take a second, which other jobs of this package do without.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    values = np.asarray(features, np.float32).reshape(len(features), -1)
    values = values - values.mean(axis=0)
    if not values.any():
        return np.full((len(values), 2), 0.5, np.float32), "PCA"
    is_tsne = PERPLEXITY < len(values) <= MAX_TSNE_IMAGES
    n_components = min(N_COMPONENTS if is_tsne else 2, *values.shape)
    components = PCA(n_components, svd_solver="randomized", random_state=seed).fit_transform(values)
    # One feature has no second component.
    components = np.pad(components, ((0, 0), (0, max(0, 2 - n_components))))
    if is_tsne:
        tsne = TSNE(perplexity=PERPLEXITY, max_iter=N_ITERATIONS, init="pca", random_state=seed, n_jobs=1)
        return _to_unit_square(tsne.fit_transform(components)), "t-SNE"
    return _to_unit_square(components), "PCA"


def _to_unit_square(coordinates: np.ndarray) -> np.ndarray:
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    span = np.where(high > low, high - low, 1)
    return np.where(high > low, (coordinates - low) / span, 0.5).astype(np.float32)
