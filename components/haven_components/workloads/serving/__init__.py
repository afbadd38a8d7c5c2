"""Serving a model on a cluster."""
