"""The arithmetic behind metrics and rules: pure functions over arrays; no random numbers."""
