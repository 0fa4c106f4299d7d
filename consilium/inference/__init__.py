"""Models that answer over the OpenAI chat protocol, and every raw reply."""
