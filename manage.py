#!/usr/bin/env python
"""Consilium's command line: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
    os.umask(0o077)  # what commands and their children write is for this user alone
    from django.core.management import execute_from_command_line

    from consilium.environment import EnvironmentRefused

    try:
        execute_from_command_line(sys.argv)
    except EnvironmentRefused as refusal:
        sys.stderr.write(f"Configuration: {refusal}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
