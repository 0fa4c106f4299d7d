"""The layouts of an export: what other programs read, written row by row from a frozen release."""
