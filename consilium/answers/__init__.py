"""What models write, read strictly: formats, option letters, verdicts, and the prompts that ask.

Pure code: no Django, no database, no network. Every parser names its outcome and guesses nothing.
"""
