"""Programs that run inside the images of others: the standard library, and what the image has."""
