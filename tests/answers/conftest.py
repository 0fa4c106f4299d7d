"""Property tests give the same examples on every machine and are not timed: two cores are shared by many."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")
