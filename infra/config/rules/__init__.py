"""What must hold between config keys, a module per subject."""
