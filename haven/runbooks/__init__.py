"""Commands that the on-call engineer runs against a deployed environment."""
