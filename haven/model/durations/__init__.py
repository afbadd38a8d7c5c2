"""Durations as distributions: single terms, graphs of terms, and what they add up to."""
