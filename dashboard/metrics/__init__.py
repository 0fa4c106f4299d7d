"""Figures for Prometheus: response times of this host's web processes, and how the site stands."""
