"""Read archives of any type into arrays of images and labels, and split them."""
