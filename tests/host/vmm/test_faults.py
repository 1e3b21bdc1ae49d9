"""Every single effect of every action and hook made to fail in turn, and the process killed there.

Afterwards nothing of it is on the host, and the error shown is the original one; what a kill
leaves behind, the next action removes.
"""

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
from support import faults
from support.busybox import until
from support.faults import INJECTED, PIPE
from support.installation import Images, Installation, data_disk, nic, own, settled

from vmm import execution
from vmm.errors import DriverError
from vmm.lxc import monitor
from vmm.plan import Plan
from vmm.spec import Disk, DiskKind, VmSpec
from vmm.state import PLAN

pytestmark = [pytest.mark.host, pytest.mark.slow]

VMID = own(9)
Found = TypeVar("Found")
Fault = dict[str, str]
TESTS = str(Path(__file__).parents[2])
HOOK = """
import sys
sys.path.insert(0, {tests!r})
from support import faults
faults.arm(sys.argv[1], {base!r})
from control.driver.hook import main
raise SystemExit(main())
"""
HOOKS = ("pre-start", "start-host", "post-stop")
ACTIONS_AFTER_DEPLOY = ("shutdown", "reboot", "reset")


@pytest.fixture
def faulty(images: Images, bridge: str) -> Iterator[tuple[Installation, VmSpec]]:
    """An installation whose programs count their effects, and a VM with one of everything."""
    installation = Installation()
    hook = installation.base / "hook.py"
    hook.write_text(HOOK.format(tests=TESTS, base=str(installation.base)))
    installation.hook.write_text(f'#!/bin/sh\nexec {sys.executable} -I {hook} "$@"\n')
    context = installation.image(VMID, 2, images.context({"context.sh": "A=1\n"}))
    vm = installation.vm(
        VMID,
        data_disk(1, installation.image(VMID, 1, images.empty())),
        Disk(2, DiskKind.CONTEXT, str(context), "/context", readonly=True),
        root=images.busybox(),
        nics=(nic(VMID, 0, bridge),),
    )
    shutil.copy(images.busybox(), installation.base / "untouched")
    try:
        yield installation, vm
    finally:
        installation.close()


class Struck:
    """What came of one action with a fault armed."""

    def __init__(
        self, installation: Installation, vm: VmSpec, action: str, wanted: Fault, *arguments: str
    ) -> None:
        base = installation.base
        (base / "faults.json").write_text(json.dumps(wanted))
        for name in ("struck", *(f"effects.{name}" for name in (action, *HOOKS))):
            (base / name).unlink(missing_ok=True)
        said = base / "said"
        said.write_text("")
        child = os.fork()
        if child == 0:
            _act(installation, said, vm, action, arguments)
        self.status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.said = said.read_text()
        self.happened = (base / "struck").stat().st_size > 0
        self.effects = {
            path.suffix[1:]: path.read_text().splitlines() for path in base.glob("effects.*")
        }
        # Its number may have been another effect's when they were counted.
        lines = self.effects.get(wanted["process"], [])
        self.struck = next((line for line in lines if line.split()[0] == wanted["at"]), "")

    def amiss(self, mode: str) -> Iterator[str]:
        """What is wrong with what was said of the strike."""
        told = INJECTED in self.said or self.struck.endswith(PIPE)
        if mode == "fail" and self.status and (not told or "Traceback" in self.said):
            yield "another error is shown"

    def missed(self) -> Iterator[str]:
        """For processes that do the same each time; to end a container takes now more signals,
        now fewer."""
        if not self.happened:
            yield "it never came to that effect"


def _act(
    installation: Installation, said: Path, vm: VmSpec, action: str, arguments: tuple[str, ...]
) -> NoReturn:
    """One action in a forked child, which has all modules loaded; it ends with what it said."""
    status, text = 1, ""
    file = said.open("w")  # before its opening counts as an effect
    try:
        faults.arm(action, str(installation.base))
        installation.do(action, vm, *arguments)
        status = 0
    except DriverError as error:
        text = str(error)
    except BaseException:
        text = traceback.format_exc()
    finally:
        file.write(text)
        file.flush()
        os._exit(status)


def _fault(process: str, at: str, mode: str) -> Fault:
    return {"process": process, "at": at, "mode": mode}


NONE = _fault("", "", "")


def _disarm(installation: Installation) -> None:
    (installation.base / "faults.json").write_text(json.dumps(NONE))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("process", "mode", "step"),
    [
        pytest.param("deploy", "fail", 1, marks=pytest.mark.guest),
        ("deploy", "kill", 1),
        pytest.param("deploy", "kill", 16, marks=pytest.mark.guest),
        ("pre-start", "fail", 1),
        ("pre-start", "kill", 1),
        pytest.param("pre-start", "fail", 16, marks=pytest.mark.guest),
        ("start-host", "fail", 1),
        ("start-host", "kill", 1),
        pytest.param("start-host", "fail", 16, marks=pytest.mark.guest),
        pytest.param("start-host", "kill", 16, marks=pytest.mark.guest),
    ],
)
def test_deploy(faulty: tuple[Installation, VmSpec], process: str, mode: str, step: int) -> None:
    """At each effect; where processors are emulated, at every 16th except for deploy itself."""
    installation, vm = faulty
    before = installation.traces()
    whole = Struck(installation, vm, "deploy", NONE)
    assert whole.status == 0, whole.said
    counted = whole.effects[process]
    assert len(counted) >= 5
    _cancelled(installation, vm, before)
    problems = []
    for turn, effect in enumerate(counted[::step]):
        struck = Struck(installation, vm, "deploy", _fault(process, effect.split()[0], mode))
        where = f"{mode} at {effect} of {process}: {struck.said[-300:]!r}"
        amiss = (*struck.missed(), *struck.amiss(mode))
        problems += [f"{where}: {what}" for what in amiss]
        if struck.status == 0:
            assert installation.container(vm).init() is not None, where
        elif (mode, process) != ("kill", "deploy"):
            left = settled(installation, before)
            if left != before:
                problems.append(f"{where} leaves {_difference(left, before)}")
        if mode == "kill" and turn % 2:  # then the next action is another deploy, else cancel
            _deployed(installation, vm)
            assert installation.container(vm).init() is not None, where
        _cancelled(installation, vm, before, where)
    assert not problems, "\n".join(problems)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("action", "mode", "step"),
    [
        *((action, mode, 1) for action in ACTIONS_AFTER_DEPLOY for mode in ("fail", "kill")),
        pytest.param("cancel", "fail", 1, marks=pytest.mark.guest),
        ("cancel", "kill", 1),
        pytest.param("cancel", "kill", 8, marks=pytest.mark.guest),
    ],
)
def test_other_actions(
    faulty: tuple[Installation, VmSpec], action: str, mode: str, step: int
) -> None:
    installation, vm = faulty
    before = installation.traces()
    _deployed(installation, vm)
    whole = Struck(installation, vm, action, NONE)
    assert whole.status == 0, whole.said
    counted = whole.effects[action]
    _cancelled(installation, vm, before)
    problems = []
    for effect in counted[::step]:
        _deployed(installation, vm)
        struck = Struck(installation, vm, action, _fault(action, effect.split()[0], mode))
        where = f"{mode} at {effect} of {action}: {struck.said[-300:]!r}"
        problems += [f"{where}: {what}" for what in struck.amiss(mode)]
        if mode == "fail" and _is_over(installation, vm):
            left = _but_files(installation, before)
            if left != before:
                problems.append(f"{where} leaves {_difference(left, before)}")
        _cancelled(installation, vm, before, where)
    assert not problems, "\n".join(problems)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["fail", "kill"])
@pytest.mark.parametrize("process", HOOKS)
def test_hooks_of_a_reboot(faulty: tuple[Installation, VmSpec], process: str, mode: str) -> None:
    """At every eighth effect: most of what they do is what they did at the start."""
    installation, vm = faulty
    before = installation.traces()
    _deployed(installation, vm)
    counted = Struck(installation, vm, "reboot", NONE).effects[process]
    _cancelled(installation, vm, before)
    problems = []
    for effect in counted[::8]:
        _deployed(installation, vm)
        struck = Struck(installation, vm, "reboot", _fault(process, effect.split()[0], mode))
        where = f"{mode} at {effect} of {process}: {struck.said[-300:]!r}"
        alive = installation.container(vm).init() is not None
        if alive != (struck.status == 0):
            problems.append(f"{where}: it runs: {alive}")
        amiss = (*struck.missed(), *struck.amiss(mode))
        problems += [f"{where}: {what}" for what in amiss]
        _cancelled(installation, vm, before, where)
    assert not problems, "\n".join(problems)


@dataclass(frozen=True)
class Hot:
    """An action on a running container: how it is asked for, what comes before, what undoes it."""

    action: str
    lcm_state: int = 3
    arguments: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    """Names of HOT."""


HOT = {
    "attach": Hot("attach_nic", after="detach"),
    "detach": Hot("detach_nic", before="attach"),
    "suspend": Hot("save", 6, after="resume"),
    "resume": Hot("restore", 21, before="suspend"),
    "prereconfigure": Hot("prereconfigure"),
    "reconfigure": Hot("reconfigure"),
    "exec": Hot("exec", arguments=("sleep 100000",), after="exec_cancel"),
    "exec_cancel": Hot("exec_cancel", before="exec"),
}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["fail", "kill"])
@pytest.mark.parametrize("name", HOT)
def test_actions_on_a_running_container(
    faulty: tuple[Installation, VmSpec], name: str, mode: str
) -> None:
    """It goes on whatever fails; the same action, repeated, then does what it should have."""
    installation, vm = faulty
    nothing = installation.traces()
    _deployed(installation, vm)
    installation.booted(vm)
    init, running = installation.container(vm).init(), _inside(installation, vm)
    do, look = partial(_do_hot, installation, vm), partial(_inside, installation, vm)
    do(HOT[name].before)
    whole = _strike(installation, vm, HOT[name], NONE)
    assert whole.status == 0, whole.said
    counted = whole.effects[HOT[name].action]
    do(HOT[name].after)
    problems = []
    for effect in counted:
        do(HOT[name].before)
        as_it_was = look()
        struck = _strike(
            installation, vm, HOT[name], _fault(HOT[name].action, effect.split()[0], mode)
        )
        where = f"{mode} at {effect} of {name}: {struck.said[-300:]!r}"
        problems += [f"{where}: {what}" for what in struck.amiss(mode)]
        unchanged = mode == "fail" and struck.status and not HOT[name].before
        if unchanged and _in_a_moment(as_it_was, look) != as_it_was:
            problems.append(f"{where}: it is half done")
        _disarm(installation)
        do("exec_cancel" if name == "exec" else "")  # of the one that began before the strike
        do(name)
        do(HOT[name].after)
        if (left := _in_a_moment(running, look)) != running:
            problems.append(f"{where} leaves {left}")
    assert installation.container(vm).init() == init
    _cancelled(installation, vm, nothing)
    assert not problems, "\n".join(problems)


def _do_hot(installation: Installation, vm: VmSpec, name: str) -> None:
    _disarm(installation)
    if name:
        installation.do(HOT[name].action, _asked(vm, HOT[name]), *HOT[name].arguments)


def _asked(vm: VmSpec, hot: Hot) -> VmSpec:
    """The VM as the message of that action describes it."""
    added = replace(nic(VMID, 1, vm.nics[0].bridge), attach=True)
    return replace(vm, nics=(*vm.nics, added), lcm_state=hot.lcm_state)


def _strike(installation: Installation, vm: VmSpec, hot: Hot, wanted: Fault) -> Struck:
    return Struck(installation, _asked(vm, hot), hot.action, wanted, *hot.arguments)


def _inside(installation: Installation, vm: VmSpec) -> dict[str, object]:
    """What these actions change of a container."""
    container = installation.container(vm)
    plan = Plan.from_json(container.state.require(PLAN))
    init = container.init()
    return {
        "frozen": container.cgroups.frozen(),
        "planned": [nic.host_name for nic in plan.nics],
        "nics": [name for name in ("0", "1") if Path(f"/sys/class/net/one-{VMID}-{name}").exists()],
        "processes": len(container.cgroups.pids()),
        "contexts": Path(f"/proc/{init}/mounts").read_text().count(" /context "),
        "commands": execution.runs(execution.last(container.state)),
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", ["fail", "kill"])
def test_the_last_hook(faulty: tuple[Installation, VmSpec], mode: str) -> None:
    """LXC ignores how post-stop ends; the monitor's end takes its mounts along all the same."""
    installation, vm = faulty
    before = installation.traces()
    _deployed(installation, vm)
    counted = Struck(installation, vm, "cancel", NONE).effects["post-stop"]
    assert counted
    for effect in counted:
        _deployed(installation, vm)
        struck = Struck(installation, vm, "cancel", _fault("post-stop", effect.split()[0], mode))
        assert struck.happened, effect
        assert struck.status == 0, struck.said
        assert settled(installation, before) == before


def _deployed(installation: Installation, vm: VmSpec) -> None:
    _disarm(installation)
    installation.do("deploy", vm)


def _is_over(installation: Installation, vm: VmSpec) -> bool:
    """Whether it has ended: one that reboots has no init for a moment."""
    container = installation.container(vm)

    def over() -> bool:
        return container.init() is None and monitor.ended(container.state, 0)

    until(lambda: container.init() is not None or over(), f"{vm.name} to run or to be over")
    return over()


def _cancelled(
    installation: Installation, vm: VmSpec, before: dict[str, list[str]], where: str = ""
) -> None:
    _disarm(installation)
    installation.do("cancel", vm)
    left = settled(installation, before)
    assert left == before, f"{where} leaves {_difference(left, before)} even after cancel"
    # As before the first one, or there would be fewer effects: what they make is there by now.
    Path(installation.policy.journal).unlink()
    installation.image(vm.vmid, 0, installation.base / "untouched")
    shutil.rmtree(installation.container(vm).logs, ignore_errors=True)


def _but_files(installation: Installation, before: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is left of a container that ended in an action that failed: it may still be defined."""
    return _in_a_moment(before, lambda: installation.traces() | {"files": before["files"]})


def _in_a_moment(wanted: Found, look: Callable[[], Found]) -> Found:
    """What is found, once it is as wanted or a moment is over: of what is killed, cgroups and
    others are taken apart a little later."""
    deadline = time.monotonic() + 60
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _difference(left: dict[str, list[str]], before: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: left[key] for key in left if left[key] != before[key]}
