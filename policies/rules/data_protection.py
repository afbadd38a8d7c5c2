"""Data can be brought back: versions, backups, copies, locks."""
