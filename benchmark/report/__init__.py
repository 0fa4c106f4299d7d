"""The report of all judges of a preference release: figures, files and pages."""
