"""The judgement: pure functions of facts, lists and time. No clock, no randomness, no I/O.

Kinds of facts are told apart by `type(x) is`: `isinstance` with a Struct that is not the very class
takes ten times as long, for it asks the metaclass.
"""
