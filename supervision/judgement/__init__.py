"""The judgement: pure functions of facts, lists and time. No clock, no randomness, no I/O."""
