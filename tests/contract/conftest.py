from pathlib import Path

import pytest

from tests.contract.differential import Differ, Held


@pytest.fixture(scope="session")
def differ(tmp_path_factory: pytest.TempPathFactory) -> Differ:
    """Compares the compiled scan with Great Expectations; imports it, so only where it is wanted."""
    return Differ(tmp_path_factory.mktemp("differential"))


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Holds a table to expectations with the scan alone."""
    return Held(tmp_path)
