"""What the collector's tests in the guest share: swap, and the table of errors they measure."""

import subprocess
from collections.abc import Iterator

import pytest
from support.truth import TABLE, Table


@pytest.fixture
def swap() -> Iterator[None]:
    """512 MiB of swap on the spare disk."""
    subprocess.run(["mkswap", "-q", "/dev/vdc", "524288"], check=True)
    subprocess.run(["swapon", "/dev/vdc"], check=True)
    yield
    subprocess.run(["swapoff", "/dev/vdc"], check=True)


@pytest.fixture
def truth(request: pytest.FixtureRequest) -> Table:
    """Where each comparison goes; printed and written beside those of tests/host/truth."""
    return request.config.stash.setdefault(TABLE, Table())
