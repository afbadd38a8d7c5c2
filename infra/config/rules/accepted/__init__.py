"""What AWS accepts, beyond the form of a single value."""
