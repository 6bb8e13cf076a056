"""Guideline NIA_CG_044, one module and one TOML file a section; `editions` is the table of contents."""
