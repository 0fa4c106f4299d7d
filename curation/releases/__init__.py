"""Releases: gathered, frozen, verified, read by jobs, exported."""
