"""What follows the log: the watch, the warehouse's rows, the wall's figures, efficiency."""
