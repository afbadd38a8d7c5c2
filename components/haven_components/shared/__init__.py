"""What components of several packages use."""
