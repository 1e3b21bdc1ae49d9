"""Real containers on cgroup v2, and the collector that reads them. All of it runs in the guest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.box import Make
from boxes.kept import Kept
from boxes.making import containers
from boxes.reading import Read, Reading
from boxes.shell import sh
from boxes.volume import VG, Volume

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings


@pytest.fixture
def volume() -> Iterator[Volume]:
    """Make a thin or a plain LV as OpenNebula names them; its device's path."""
    made: list[str] = []

    def one(name: str, *, thin: bool) -> str:
        size = f"-V 600M --thinpool {VG}/pool" if thin else f"-L 600M {VG}"
        sh(f"lvcreate -q -y -n {name} {size}")
        made.append(name)
        return f"/dev/{VG}/{name}"

    yield one
    for name in made:
        sh(f"lvremove -q -y {VG}/{name}")


@pytest.fixture
def make(tmp_path: Path, volume: Volume) -> Iterator[Make]:
    """Make and start containers of one test. They end before `volume`, which they may be on."""
    with containers(tmp_path) as made:
        yield made


@pytest.fixture
def read() -> Iterator[Read]:
    """Read one cycle with the collector of this test."""
    settings = CollectorSettings(host="testhost", slow_s=0)
    collector = Collector(settings, SystemClock())
    yield lambda: Reading(collector.read())
    failed = dict(collector.stats.last_error)
    collector.close()
    assert not failed, f"the collector counted errors: {failed}"


@pytest.fixture(scope="session")
def kept() -> Iterator[Kept]:
    """The environment of the first installation, for those that are about something else."""
    made = Kept(Path("/opt/nebulxc"), Path("/var/tmp/nebulxc-kept"))
    yield made
    made.forget()
