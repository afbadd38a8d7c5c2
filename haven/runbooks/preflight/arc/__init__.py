"""What ARC itself finds wrong with the Region switch plan."""
