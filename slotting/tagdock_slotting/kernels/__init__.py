"""Inner loops of the searches, compiled where numba is installed: numbers in arrays, no records."""
