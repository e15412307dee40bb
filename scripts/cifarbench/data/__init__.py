"""From archives to arrays: in come files and folders of anybody's, out come images, labels and parts of them."""
