"""Imports: uploads kept, de-identified, planned and stored; clusters and their permanent use."""
