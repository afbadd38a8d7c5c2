"""Data stays where it may."""
