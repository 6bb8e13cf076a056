"""Submitted files to text: one reader a format, chosen by content, with the place of every word kept."""
