"""Backups: the whole site at one instant, made while people work, and put back into an empty one."""
