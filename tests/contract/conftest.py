import pytest

from tests.contract.differential import Differ


@pytest.fixture(scope="session")
def differ(tmp_path_factory: pytest.TempPathFactory) -> Differ:
    """Compares the compiled scan with Great Expectations; imports it, so only where it is wanted."""
    return Differ(tmp_path_factory.mktemp("differential"))
