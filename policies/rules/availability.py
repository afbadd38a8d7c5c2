"""Nothing hangs on one zone, and nothing goes at one careless moment."""
