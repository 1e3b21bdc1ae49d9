"""How containers are brought back side by side. No root: none of these really starts."""

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from control.recovery import recover_start
from control.recovery.recover_start import Outcome, Patience, Recovery
from vmm.container import Container
from vmm.errors import DriverError
from vmm.host import Host
from vmm.lean.value import asdict
from vmm.policy import NodePolicy
from vmm.site import Site, WallClock
from vmm.spec import Disk, DiskKind, Limits, VmSpec
from vmm.state import PLAN, SPEC, State

NAMES = ("one-1", "one-2", "one-3", "one-4", "one-5", "one-6")
ONCE = Patience(wait_s=0.0, pause_s=0.0)

AT_ONCE = """
import sys
from control.recovery.recover_start import Patience, Recovery
from vmm.container import Container
from vmm.host import Host
from vmm.policy import NodePolicy
from vmm.site import Site, WallClock

sys.setswitchinterval(1e-6)
Container.init = lambda _: None
base, *names = sys.argv[1:]
policy = NodePolicy(
    state=base, lxc=f"{base}/lxc", journal=f"{base}/.journal", datastores="/nowhere"
)
recovery = Recovery(
    Site(policy, Host(), None, WallClock()), Patience(0.0, 0.0, at_once=len(names)), lambda _: None
)
print({one.why for one in recovery.run(names)})
"""


class Silent:
    def info(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A node with containers that do not run; their records tell what they were."""
    monkeypatch.setattr(Container, "init", lambda _: None)
    for name in NAMES:
        state = State(str(tmp_path / name))
        state.create()
        source = f"/nowhere/0/{name[4:]}/disk.0"
        vm = VmSpec(int(name[4:]), Limits(1.0, 1 << 26), 0, (Disk(0, DiskKind.IMAGE, source, "/"),))
        state.write(SPEC, asdict(vm))
        state.write(PLAN, {})
    base = str(tmp_path)
    policy = NodePolicy(
        state=base, lxc=f"{base}/lxc", journal=f"{base}/.journal", datastores="/nowhere"
    )
    return Site(policy, Host(), Silent(), WallClock())


@pytest.mark.parametrize("_again", range(3))
def test_specs_are_read_by_several_threads_at_once(site: Site, _again: int) -> None:
    """msgspec 0.22 ends the process where two prepare a type at once."""
    argv = [sys.executable, "-c", AT_ONCE, site.policy.state, *NAMES]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == '{"the datastores\' directory: /nowhere does not exist"}\n'


def test_one_whose_storage_does_not_answer_holds_up_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = threading.Semaphore(0)

    def fit(state: State, _site: Site) -> VmSpec:
        if state.name != NAMES[0]:
            raise DriverError("done with")
        for _ in NAMES[1:]:
            assert others.acquire(timeout=60)
        raise DriverError("answered at last")

    monkeypatch.setattr(recover_start, "fit", fit)
    told = Recovery(site, ONCE, lambda _: others.release()).run(NAMES)
    assert {one.why for one in told} == {"done with", "answered at last"}


def test_one_whose_turn_comes_late_is_tried_as_often(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = Patience(pause_s=0.0)
    now = [1000.0]
    tried: list[str] = []

    class Queue:
        """There are many before it."""

        def __enter__(self) -> None:
            now[0] += 0.0 if tried else 10 * patience.wait_s

        def __exit__(self, *_: object) -> None: ...

    def fails(state: State, _site: Site) -> VmSpec:
        tried.append(state.name)
        raise DriverError("it ended at once")

    monkeypatch.setattr(recover_start, "fit", fails)
    monkeypatch.setattr(recover_start, "time", SimpleNamespace(monotonic=lambda: now[0]))
    recovery = Recovery(site, patience, lambda _: None)
    monkeypatch.setattr(recovery, "_slots", Queue())
    (told,) = recovery.run(NAMES[:1])
    assert (told.outcome, len(tried)) == (Outcome.FAILED, patience.starts)
