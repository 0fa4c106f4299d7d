"""The Hugging Face Hub: finished releases, models and evaluations pushed to it, datasets fetched from it.

The client runs in a process of its own (`consilium.hub.client`), which gets the token over a pipe, speaks to
the configured address alone and is gone when its job ends. Nothing else in the house imports it.
"""
