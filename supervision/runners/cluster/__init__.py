"""The roles of a cluster: one process each, of the parts that one process runs as threads."""
