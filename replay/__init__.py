"""What happened to a case, from the log alone, with the functions that run live."""
