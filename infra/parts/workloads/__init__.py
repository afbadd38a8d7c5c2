"""What runs on the clusters."""
