"""Errors, exit codes, Regions, console output and child processes: what every other package may use."""
