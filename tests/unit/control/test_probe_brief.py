"""What a probe imports is most of what it costs: this holds it to few modules."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from control import probe, probe_brief
from control.deadline import within

HEAVY = {"dataclasses", "re", "enum", "typing", "pathlib", "json", "logging", "msgspec", "tomllib"}
PATH = [str(Path(probe_brief.__file__).parent.parent), sysconfig.get_path("purelib")]
SHOW = """\
import sys
sys.path += {path!r}
from control import probe, probe_brief, probe_places
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
