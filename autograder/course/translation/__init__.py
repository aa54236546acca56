"""Notebooks in another language: their texts, catalogues of translations, and what is checked of these."""
