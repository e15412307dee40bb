"""Labels of network families, in a separate module, so that rewording parameters retrains nothing."""

FAMILY_LABELS = {
    "mlp": "perceptrons",
    "convnet": "convolutional networks",
    "network": "user-defined networks",
}
