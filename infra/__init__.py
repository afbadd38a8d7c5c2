"""The Pulumi program: one environment in two Regions, or an account's baseline."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
"""The root of the project, whose `data/` may hold newer figures."""
