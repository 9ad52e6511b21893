"""What carries the log: the mapping of events to bytes, and one module a database."""
