"""Read predictions made elsewhere: a file in, class probabilities of the test images out."""
