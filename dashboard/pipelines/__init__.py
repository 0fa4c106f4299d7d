"""Several runs and evaluations as one thing: experts, GBA, merge and their scores; recipes compared."""
