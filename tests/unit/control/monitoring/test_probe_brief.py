"""What a probe imports is most of what it costs: this holds it to few modules."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from collector.model import Column, Entity, Row, Stamp
from collector.reading import Reading
from control.deadline import within
from control.monitoring import probe, probe_brief
from control.settings.brief_config import BriefConfig
from im_probes.sight import Agent, Sight

HEAVY = {"dataclasses", "re", "enum", "typing", "pathlib", "json", "logging", "msgspec", "tomllib"}
PATH = [str(Path(probe_brief.__file__).parents[2]), sysconfig.get_path("purelib")]
SHOW = """\
import sys
sys.path += {path!r}
from control.monitoring import probe, probe_brief, probe_places
from im_probes.sight import Sight
if {probe!r} == "vm/places":
    probe_places.said({{}})
else:
    probe_brief.PROBES[{probe!r}](Sight([], "ok"), {{}}, probe_brief.brief_config.BriefConfig())
print(*sys.modules)
"""


@pytest.mark.parametrize("probe", probe.DIRECTORIES)
def test_nothing_heavy_is_imported(probe: str) -> None:
    code = SHOW.format(path=PATH, probe=probe)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY.isdisjoint(done.stdout.split())


def test_a_datastore_on_lvm_is_told_by_the_agents_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_brief, "PATIENCE_S", 240.0)
    (tmp_path / "100").mkdir()
    (tmp_path / "100/.monitor").write_text("fs_lvm\n")
    names = ("lxc_host_volume_group_size_bytes", "lxc_host_volume_group_free_bytes")
    columns = tuple(Column(name, (("vg", "vg-one-100"),)) for name in names)
    row = Row(Entity("host", "h", ()), 1, columns, [5.0 * (1 << 30), 2.0 * (1 << 30)])
    sight = Sight([Reading(row, Stamp(0, 0, "b"))], Agent.OK)
    where = {"DATASTORE_LOCATION": [str(tmp_path)]}
    said = probe_brief.PROBES["host/system"](sight, where, BriefConfig())
    assert 'DS=[ID="100",USED_MB="3072",TOTAL_MB="5120",FREE_MB="2048"]' in said


def test_what_takes_too_long_is_given_up() -> None:
    import threading

    released = threading.Event()
    assert within(0.01, lambda: released.wait(60)) is None
    released.set()
    assert within(60, lambda: 7) == 7


def test_every_directory_has_a_probe() -> None:
    assert {*probe_brief.PROBES, "vm/places"} == {*probe.DIRECTORIES}


def test_our_version_without_importlib() -> None:
    from importlib.metadata import version

    assert probe_brief.version() == version("nebulxc")
