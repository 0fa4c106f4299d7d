"""Rebuilding and rendering of medical images in a confined child process; see README.md of this folder."""
