"""VPCs and the peering between them."""
