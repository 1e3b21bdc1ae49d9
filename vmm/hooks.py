"""What LXC's own hooks run: every mount is made and undone here.

So a container starts the same way from OpenNebula, from `lxc-start`, at boot, and on a reboot
from inside. The hooks run in the monitor's mount namespace (lxc.monitor.unshare = 1): the
host's mount table never shows a disk, and a monitor that dies takes its mounts and loop devices
with it. Standard library only, and little of it: three of these run per start. What one of them
alone needs is imported there.
"""

from __future__ import annotations

import os

from vmm import attachments, attempt, boot, process
from vmm.errors import DriverError
from vmm.lean.brief_signal import signal
from vmm.lean.ignoring import Ignoring
from vmm.lxc import unconfined
from vmm.mounting import mounts
from vmm.plan import Plan
from vmm.state import ERROR, MONITOR, PLAN, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

HOOK_SECONDS = 60
LAST_LIFE_SECONDS = 45.0
"""How long a start by hand waits for the hooks of the stop before it."""
INSIDE_SECONDS = 20.0


def run(kind: str, state: State, env: Mapping[str, str]) -> None:
    """Run the hook `kind` with LXC's environment. Why it failed is also written to the state."""
    mounts.die_with_parent()
    _bound(kind)
    try:
        unconfined.become()
        HOOKS[kind](state, env)
    except Exception as error:
        _report(state, kind, error)
        raise
    finally:
        signal.alarm(0)


def pre_start(state: State, env: Mapping[str, str]) -> None:
    """Mount the root where LXC looks for it."""
    from vmm.storage import filesystem

    monitor = _monitor()
    again = state.read(MONITOR) == monitor
    attempt.check(state, env.get(attempt.VARIABLE, ""), again=again)
    plan = Plan.from_json(state.require(PLAN))
    if not again:
        _outlast_former(state)
    state.write(MONITOR, monitor)
    state.discard(ERROR)
    boot.live(state)
    if again:
        _cut_logs(state, env)
    _unmount_root(state)
    attachments.save(state, [])
    mount = filesystem.detached(plan.root, state, plan.uid, plan.gid)
    try:
        mounts.place(mount, state.rootfs)
    finally:
        os.close(mount)


def start_host(state: State, env: Mapping[str, str]) -> None:
    """Give the container its NICs, other disks and context, before init's first step."""
    from vmm.mounting import inside
    from vmm.nics import hot_nics
    from vmm.storage import filesystem

    pid = int(env["LXC_PID"])
    hot_nics.attach_all(state, pid)
    plan = Plan.from_json(state.require(PLAN))
    placed: list[tuple[int, str]] = []
    try:
        for disk in plan.others:
            mount = filesystem.detached(disk, state, plan.uid, plan.gid)
            placed.append((mount, disk.mount_point))
        inside.place(pid, placed, plan.uid, plan.gid, INSIDE_SECONDS)
    finally:
        for mount, _ in placed:
            os.close(mount)
    # Last, so that a start which hung in here cannot come up after it was given up.
    attempt.check(state, env.get(attempt.VARIABLE, ""), again=True)


def post_stop(state: State, env: Mapping[str, str]) -> None:
    """Unmount the root. What is attached stays on record: the action that ends the container sees
    to it that each device went, which somebody on the host may hold by a file of its own."""
    from vmm.nics import network

    _unmount_root(state)
    if state.exists:
        reboots = env.get("LXC_TARGET") == "reboot"
        end = network.interrupt if reboots else network.detach
        for nic in Plan.from_json(state.require(PLAN)).nics:
            end(nic)
        if not reboots:
            boot.end(state)


HOOKS: dict[str, Callable[[State, Mapping[str, str]], None]] = {
    "pre-start": pre_start,
    "start-host": start_host,
    "post-stop": post_stop,
}


def _cut_logs(state: State, env: Mapping[str, str]) -> None:
    """A guest that reboots without end must not fill the disk. Their directory is the console's,
    unless who started it by hand has put that elsewhere."""
    from vmm import logs

    directory = os.path.dirname(env.get("LXC_CONSOLE_LOGPATH", ""))
    if os.path.basename(directory) == state.name:
        logs.cut(directory)


def _monitor() -> dict[str, int | str | None]:
    """LXC's monitor is what started this hook, in the mount namespace that they share.

    Had it died meanwhile, our parent would be whatever adopts orphans: to take that for the
    monitor would have a later action kill it.
    """
    pid = os.getppid()
    if pid == 1 or os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
        raise DriverError("LXC's monitor of this start is gone")
    return {"pid": pid, "started": process.start_time(pid), "boot_id": attempt.boot_id()}


def _outlast_former(state: State) -> None:
    """LXC calls a container stopped, and lets it be started, before it runs the hooks of the stop:
    these would undo what this start does."""
    from vmm.lxc import monitor

    if not monitor.ended(state, LAST_LIFE_SECONDS):
        raise DriverError(
            f"LXC's monitor of the last life of {state.name} has not ended",
            "see this host's kernel log (dmesg) for what hangs, mostly storage",
        )


def _unmount_root(state: State) -> None:
    while mounts.unmount(state.rootfs):
        pass


def _bound(kind: str) -> None:
    """A hook that hangs fails; what the kernel itself holds up is left to deploy's timeout."""

    def expired(_number: int, _frame: FrameType | None) -> None:
        raise DriverError(f"the {kind} hook took longer than {HOOK_SECONDS} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(HOOK_SECONDS)


def _report(state: State, kind: str, error: Exception) -> None:
    """Write the error where the action looks first: LXC does not carry a hook's words."""
    if isinstance(error, DriverError):
        problem, remedy = error.problem, error.remedy
    elif isinstance(error, OSError):
        problem, remedy = str(error), ""
    else:
        problem, remedy = f"internal error: {type(error).__name__}: {error}", "see LXC's log"
    with Ignoring(OSError):
        if state.exists:
            state.write(ERROR, {"hook": kind, "problem": problem, "remedy": remedy})
