"""Background work: rows are the truth, the broker is a doorbell."""
