"""Consilium: expert review, preference benchmarks and training for medical reasoning models."""
