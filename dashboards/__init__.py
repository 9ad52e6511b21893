"""The wall and the desks behind it: figures in, pages out; nothing here computes a deadline."""
