"""An invented city (演示城市): real names of items and departments, all else made up.

Nothing here was published by anybody, and nobody named here exists. Limits, persons, cases and
answers are drawn from a seed; the same seed gives the same city in any process.
"""
