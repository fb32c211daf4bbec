"""Gate rules: one question each, as ``params.yaml`` asks it, and what it answers to the facts."""
