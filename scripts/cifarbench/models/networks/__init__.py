"""Train networks: images and labels in, weights, training history and predictions out."""
