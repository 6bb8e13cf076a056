"""Text to facts. The reader lives in `nlp.reader`; `nlp.facts` is the contract and needs no spaCy."""
