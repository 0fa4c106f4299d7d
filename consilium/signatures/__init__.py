"""Signatures: a password entered again, what is signed, what it means, and whether it still stands."""
