"""What runs in the training process: data, stages, merging. No Django, no database, no network."""
