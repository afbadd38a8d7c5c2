"""Safeguards: what keeps data replicated and protected, and when a change loses it."""
