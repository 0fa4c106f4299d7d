"""The one queue for everything a person does."""
