"""Where all is wired, and the only place besides supervision/clock.py that reads a clock."""
