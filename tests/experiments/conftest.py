"""Flights and small models of them, made once."""

import pytest

from experiments.flights import Flights

SMALL = 30_000
"""Training rows of a model that takes a second."""


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Flights:
    """The flights of 2013; what is trained is kept for the session alone."""
    return Flights(tmp_path_factory.mktemp("flights"))
