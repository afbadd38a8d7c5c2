"""Deploys a stack into the embedded AWS emulator, reads it back and destroys it."""
