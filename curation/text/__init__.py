"""What in a free text could name a person: patterns, and what a lead decided about each place they found."""
