"""Great Expectations' gallery, compiled: what an expectation asks of the scan, and what its answers mean."""
