"""The tiny models of tests and demo, and the synthetic set that teaches them. No Django."""
