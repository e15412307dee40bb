"""Find duplicates, label issues and odd images: arrays of images and labels in, lists of findings out."""
