"""List all feature types by name; each is a module of this folder with FEATURE_TYPE, `fit` and `transform`."""

from cifarbench.features import hog, lda, patches, pca, pretrained, transformer, whitening
from cifarbench.planning.model_family import FeatureType

FEATURE_TYPES: dict[str, FeatureType] = {
    module.FEATURE_TYPE.name: module.FEATURE_TYPE
    for module in (pca, whitening, patches, hog, lda, pretrained, transformer)
}
