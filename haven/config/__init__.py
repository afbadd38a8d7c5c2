"""Reads the project file, the stack files and their values as the Pulumi engine does."""
