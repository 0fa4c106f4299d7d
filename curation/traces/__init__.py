"""Reasoning traces: written by a teacher model, reviewed by clinicians."""
