from collections.abc import Iterator

import pytest
from fresh.machine import FreshMachine, fresh_machine
from vm.settings import RELEASES


@pytest.fixture(scope="module", params=RELEASES.values(), ids=lambda release: release.codename)
def machine(request: pytest.FixtureRequest) -> Iterator[FreshMachine]:
    """A bare Debian; the tests use it one after the other, as an owner would."""
    with fresh_machine(request.param) as made:
        yield made
