"""Documents about a stack: its topology as a picture."""
