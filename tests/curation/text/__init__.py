"""The corpora of texts with and without personal identifiers."""
