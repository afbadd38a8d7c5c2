"""Fault injection and AWS's own recovery plans."""
