"""A driver installation per test in the guest; afterwards nothing of it is left there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import clean
from support.installation import Images, Installation


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    return Images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def installation() -> Iterator[Installation]:
    with clean.left_clean(Installation(generated_profile=True, pids=500)) as made:
        yield made
    profiles = Path("/sys/kernel/security/apparmor/profiles").read_text()
    assert str(made.base) not in profiles
