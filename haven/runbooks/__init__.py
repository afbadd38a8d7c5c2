"""What the on-call engineer runs against a real environment."""
