"""`up`: one process tree of web and workers, restarted when they end, gone when told to stop."""
