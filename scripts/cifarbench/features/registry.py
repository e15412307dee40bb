"""All kinds of features, by name: each is a module of this folder that says so, fits and transforms."""

from cifarbench.features import hog, lda, patches, pca, pretrained, transformer, whitening
from cifarbench.planning.model_family import FeatureType

FEATURE_TYPES: dict[str, FeatureType] = {
    module.FEATURE_TYPE.name: module.FEATURE_TYPE
    for module in (pca, whitening, patches, hog, lda, pretrained, transformer)
}
