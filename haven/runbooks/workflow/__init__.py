"""Runs a recovery step by step: journal before effect, one operator, an audit; the same code on AWS and simulated."""
