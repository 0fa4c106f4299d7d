"""Pages of the curation app; each module holds the pages of one kind of object."""
