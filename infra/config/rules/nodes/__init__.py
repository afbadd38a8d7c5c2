"""What pods ask of nodes, and on which they run."""
