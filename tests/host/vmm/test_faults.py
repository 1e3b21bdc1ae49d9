"""Every single effect of every action and hook made to fail in turn, and the process killed there.

Afterwards nothing of it is on the host, and the error shown is the original one; what a kill
leaves behind, the next action removes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.faults import INJECTED
from support.installation import Images, Installation, data_disk, nic, settled

from vmm.spec import Disk, DiskKind, VmSpec

pytestmark = [pytest.mark.host, pytest.mark.slow]

TESTS = str(Path(__file__).parents[2])
ARM = f"import sys; sys.path.insert(0, {TESTS!r}); from support import faults; "
HOOK = """
import sys
sys.path.insert(0, {tests!r})
from support import faults
faults.arm(sys.argv[1], {base!r})
from control.hook import main
raise SystemExit(main())
"""
HOOKS = ("pre-start", "start-host", "post-stop")
ACTIONS_AFTER_DEPLOY = ("cancel", "shutdown", "reboot", "reset")


@pytest.fixture
def faulty(images: Images, bridge: str) -> Iterator[tuple[Installation, VmSpec]]:
    """An installation whose programs count their effects, and a VM with one of everything."""
    installation = Installation(start_timeout=20.0)
    hook = installation.base / "hook.py"
    hook.write_text(HOOK.format(tests=TESTS, base=str(installation.base)))
    installation.hook.write_text(f'#!/bin/sh\nexec {sys.executable} -I {hook} "$@"\n')
    context = installation.image(71001, 2, images.context({"context.sh": "A=1\n"}))
    vm = installation.vm(
        71001,
        data_disk(1, installation.image(71001, 1, images.empty())),
        Disk(2, DiskKind.CONTEXT, str(context), "/context", readonly=True),
        root=images.busybox(),
        nics=(nic(71001, 0, bridge),),
    )
    try:
        yield installation, vm
    finally:
        installation.close()


class Struck:
    """What came of one action with a fault armed."""

    def __init__(
        self, installation: Installation, vm: VmSpec, action: str, wanted: dict[str, object]
    ) -> None:
        base = installation.base
        (base / "faults.json").write_text(json.dumps(wanted))
        for name in ("struck", *(f"effects.{name}" for name in (action, *HOOKS))):
            (base / name).unlink(missing_ok=True)
        prelude = f"{ARM}faults.arm({action!r}, {str(base)!r})\n"
        child = installation.spawn(action, vm, prelude)
        out, err = child.communicate(timeout=120)
        self.status, self.said = child.returncode, err.decode()
        self.answer = out.decode()
        self.effects = {
            name: (base / f"effects.{name}").read_text().splitlines()
            for name in (action, *HOOKS)
            if (base / f"effects.{name}").exists()
        }


def _fault(process: str, at: int, mode: str) -> dict[str, object]:
    return {"process": process, "at": at, "mode": mode}


NONE = _fault("", 0, "")


def _disarm(installation: Installation) -> None:
    (installation.base / "faults.json").write_text(json.dumps(NONE))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["fail", "kill"])
@pytest.mark.parametrize("process", ["deploy", "pre-start", "start-host"])
def test_deploy(faulty: tuple[Installation, VmSpec], process: str, mode: str) -> None:
    installation, vm = faulty
    before = installation.traces()
    whole = Struck(installation, vm, "deploy", NONE)
    assert whole.status == 0, whole.said
    counted = whole.effects[process]
    assert len(counted) >= 5
    _cancelled(installation, vm, before)
    problems = []
    for at in range(1, len(counted) + 1):
        struck = Struck(installation, vm, "deploy", _fault(process, at, mode))
        where = f"{mode} at {at} ({counted[at - 1]}) of {process}: {struck.said[-300:]!r}"
        if struck.status == 0:
            assert installation.container(vm).init() is not None, where
        elif mode == "fail":
            if INJECTED not in struck.said or "Traceback" in struck.said:
                problems.append(f"{where}: another error is shown")
            left = settled(installation, before)
            if left != before:
                problems.append(f"{where} leaves {_difference(left, before)}")
        elif process != "deploy" and (left := settled(installation, before)) != before:
            problems.append(f"{where} leaves {_difference(left, before)}")
        _cancelled(installation, vm, before, where)
    assert not problems, "\n".join(problems)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["fail", "kill"])
@pytest.mark.parametrize("action", ACTIONS_AFTER_DEPLOY)
def test_other_actions(faulty: tuple[Installation, VmSpec], action: str, mode: str) -> None:
    installation, vm = faulty
    before = installation.traces()
    _deployed(installation, vm)
    whole = Struck(installation, vm, action, NONE)
    assert whole.status == 0, whole.said
    counted = whole.effects[action]
    _cancelled(installation, vm, before)
    problems = []
    for at in range(1, len(counted) + 1):
        _deployed(installation, vm)
        struck = Struck(installation, vm, action, _fault(action, at, mode))
        where = f"{mode} at {at} ({counted[at - 1]}) of {action}: {struck.said[-300:]!r}"
        if mode == "fail" and struck.status and INJECTED not in struck.said:
            problems.append(f"{where}: another error is shown")
        _cancelled(installation, vm, before, where)
    assert not problems, "\n".join(problems)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", ["fail", "kill"])
def test_the_last_hook(faulty: tuple[Installation, VmSpec], mode: str) -> None:
    """LXC ignores how post-stop ends; the monitor's end takes its mounts along all the same."""
    installation, vm = faulty
    before = installation.traces()
    _deployed(installation, vm)
    counted = Struck(installation, vm, "cancel", NONE).effects["post-stop"]
    assert counted
    for at in range(1, len(counted) + 1):
        _deployed(installation, vm)
        struck = Struck(installation, vm, "cancel", _fault("post-stop", at, mode))
        assert struck.status == 0, struck.said
        assert settled(installation, before) == before


def _deployed(installation: Installation, vm: VmSpec) -> None:
    _disarm(installation)
    installation.do("deploy", vm)


def _cancelled(
    installation: Installation, vm: VmSpec, before: dict[str, list[str]], where: str = ""
) -> None:
    _disarm(installation)
    installation.do("cancel", vm)
    left = settled(installation, before)
    assert left == before, f"{where} leaves {_difference(left, before)} even after cancel"


def _difference(left: dict[str, list[str]], before: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: left[key] for key in left if left[key] != before[key]}
