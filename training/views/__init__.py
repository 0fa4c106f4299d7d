"""Pages of training, one module per subject."""
