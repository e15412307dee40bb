"""All kinds of features, by name: each is a module of this folder that says so, fits and transforms."""

from cifarbench.features import hog, lda, patches, pca, pretrained, transformer, whitened
from cifarbench.study.family import FeatureKind

KINDS: dict[str, FeatureKind] = {
    module.KIND.name: module.KIND for module in (pca, whitened, patches, hog, lda, pretrained, transformer)
}
