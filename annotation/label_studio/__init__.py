"""Exchange with Label Studio: cases and traces go there as tasks, annotations come back as submissions."""
