"""A driver installation per test, images once per session. Needs root and real LXC."""

import os
from collections.abc import Iterator

import pytest
from support import clean
from support.installation import Images, Installation


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    with clean.images("nxve") as made:
        yield made


@pytest.fixture
def installation() -> Iterator[Installation]:
    with clean.left_clean(Installation()) as made:
        yield made


@pytest.fixture
def bridge() -> Iterator[str]:
    with clean.bridge(f"nxvebr{os.getpid()}") as name:  # two runs side by side do not meet
        yield name
