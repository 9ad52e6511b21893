"""Intake: outside records become facts, or refusals where they cannot be read. No judging."""
