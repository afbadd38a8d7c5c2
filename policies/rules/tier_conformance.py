"""The recovery Region holds what the tier says."""
