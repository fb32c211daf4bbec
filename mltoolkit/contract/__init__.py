"""The data contract: what good data is, in Great Expectations' own format, never vacuously kept."""
