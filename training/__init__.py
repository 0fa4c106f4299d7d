"""Stages, runs, checkpoints, produced models."""
