"""Checkpoints of training jobs that survive a killed process, a lost node and a lost Region.

For training containers: it needs the standard library alone, and boto3 for buckets. docs/checkpoints.md describes the
convention.
"""

from haven.checkpoints.checkpoints import Checkpoint, Checkpoints, Draft
from haven.checkpoints.manifest import CheckpointError, Part
from haven.checkpoints.schedule import Schedule, interval_seconds
from haven.checkpoints.stores import BucketStore, FolderStore, Store

__all__ = [
    "BucketStore",
    "Checkpoint",
    "CheckpointError",
    "Checkpoints",
    "Draft",
    "FolderStore",
    "Part",
    "Schedule",
    "Store",
    "interval_seconds",
]
