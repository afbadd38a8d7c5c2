"""Moves an environment to its other Region: what is decided, and the steps that lead there."""
