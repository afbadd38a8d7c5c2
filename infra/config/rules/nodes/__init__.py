"""What must hold between pods and the nodes that they run on."""
