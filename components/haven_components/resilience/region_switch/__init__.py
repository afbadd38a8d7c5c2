"""The steps of a Region switch plan, and the functions that do what Region switch has no block for."""
