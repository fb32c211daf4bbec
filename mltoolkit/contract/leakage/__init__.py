"""Leakage: what evaluation rows share with training rows, so that a model looks better than it is."""
