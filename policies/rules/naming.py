"""What carries which name and tags."""
