"""Keras models, how they are compiled, and histories as data; and back, by an allow-list."""
