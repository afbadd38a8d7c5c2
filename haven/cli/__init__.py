"""The command line: one module for each command, and the only place where the packages meet."""
