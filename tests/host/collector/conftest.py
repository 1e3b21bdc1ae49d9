"""A collector that has read once."""

from collections.abc import Iterator

import pytest
from support.busybox import Busybox
from support.collecting import collecting

from collector.cycle import Collector


@pytest.fixture
def collector(busybox: Busybox) -> Iterator[Collector]:
    with collecting(busybox.lxc_path) as made:
        made.read()
        yield made
