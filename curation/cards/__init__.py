"""Cards: what a person reads first of a release, and what programs read of it; counted from frozen rows."""
