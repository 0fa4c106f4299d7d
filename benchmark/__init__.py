"""Judges, solvers, evaluations, leaderboards."""
