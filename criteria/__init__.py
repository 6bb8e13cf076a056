"""Facts to determination: the guideline as plain, deterministic Python. No text, no spaCy, no clock."""
