"""From a fitted model to what it is worth on worse images: in come its files and test images, out go accuracies."""
