"""Tiers, sourced figures and objectives, as plain data and arithmetic."""
