"""The database backend of the embedded installation: SQLite whose writers wait in a queue."""
