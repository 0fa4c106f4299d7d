"""State tables and the one way a stored state changes."""
