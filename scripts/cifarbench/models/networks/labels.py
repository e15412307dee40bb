"""What networks belong to, in words.

Apart from their parameters, so that how these are described trains nothing again.
"""

FAMILY_LABELS = {
    "mlp": "perceptrons",
    "convnet": "convolutional networks",
    "network": "networks of one's own",
}
