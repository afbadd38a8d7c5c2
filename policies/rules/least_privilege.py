"""Who may do what, and no more."""
