"""Sources, images, questions, traces and their review, releases."""
