"""One container's life: started by an `lxc-start` child, watched by pidfd, ended for certain."""

import time
from collections.abc import Callable

from vmm import attempt, boot, logs, process
from vmm.attachments import load
from vmm.cgroup.cgroup_tree import CgroupTree
from vmm.errors import CommandError, DriverError
from vmm.host import PATH, Host
from vmm.logs import START_LOG
from vmm.lxc import apparmor_profile, liblxc, monitor, stub
from vmm.mounting import mounts
from vmm.nics import network
from vmm.plan import Plan
from vmm.policy import NodePolicy
from vmm.state import ERROR, PLAN, State
from vmm.storage import MAPPERS

MONITOR_SECONDS = 30.0
"""How long LXC's monitor may take for its stop hooks once the container is dead."""
START_HOOKS_SECONDS = 2.0
"""And for the hooks of a start that never came to its end: they may hang for ever."""
KILL_SECONDS = 10.0
YOUNG_SECONDS, DEAF_SECONDS = 60.0, 10.0
"""How old an init is of which nothing is expected any more, and how long a younger one may take
until it heeds signals."""
POLL_SECONDS = 0.05


class Container:
    """The container `name` on this node, defined or not."""

    def __init__(self, name: str, policy: NodePolicy, host: Host) -> None:
        self.name = name
        self.state = State(f"{policy.state}/{name}")
        self.cgroups = CgroupTree(name)
        self._policy = policy
        self._host = host
        self.stub = f"{policy.lxc}/{name}"
        """The directory where LXC looks for the container."""
        self.logs = f"{policy.log}/{name}"

    def require_ours(self) -> None:
        """DriverError when the name belongs to a container that another driver made."""
        if not stub.is_ours(self.stub):
            raise DriverError(
                f"{self.stub} belongs to a container that this driver did not make",
                "end it with what started it; if nothing did, look at its config and remove it",
            )

    def init(self) -> int | None:
        """The pid of the container's init on the host, None when it does not run."""
        return self.cgroups.init()

    def require_monitor(self) -> None:
        """DriverError when it runs but has outlived LXC's monitor: LXC calls it stopped then, and
        can neither reboot, freeze nor end it."""
        pid = self.init()
        if pid is not None and monitor.ended(self.state, 0) and self.init() == pid:
            raise DriverError(
                f"{self.name} runs on (pid {pid}), but LXC's monitor of it died",
                f"end it with 'onevm poweroff --hard' or, on this host, 'kill -9 {pid}'; "
                "then start it again",
            )

    def lxc_state(self) -> str:
        """LXC's word for the state: RUNNING, FROZEN, STOPPED …"""
        return liblxc.state(self.name, self._policy.lxc)

    def start(self, seconds: float) -> None:
        """Start it under a new attempt, which is over by the time this raises."""
        begun = attempt.begin(self.state, seconds)
        self.state.discard(ERROR)
        try:
            self._host.run(
                *("lxc-start", "-n", self.name, "-P", self._policy.lxc),
                *("-l", logs.LEVEL, "-o", f"{self.logs}/{START_LOG}"),
                timeout=seconds,
                env={attempt.VARIABLE: begun.id},
                meanwhile=self.state.sync,  # disks are slow: what is left after is what hooks wrote
            )
        except CommandError as error:
            late = DriverError(
                f"{self.name} did not start within {seconds:.0f} s",
                "see this host's kernel log (dmesg) for what hangs, mostly storage",
            )
            raise self.explained(late if error.status is None else error) from error

    def settle(self, listening: Callable[[], bool]) -> int:
        """The pid of init once it stayed alive through the settle time; DriverError otherwise.

        `listening` tells whether anyone still waits for the answer.
        """
        deadline = time.monotonic() + self._policy.settle_seconds
        pid = self.init()
        if pid is None:
            raise self._died()
        with process.held(pid) as pidfd:
            while (left := deadline - time.monotonic()) > 0:
                if pidfd is None or process.ended(pidfd, min(left, POLL_SECONDS)):
                    raise self._died()
                if not listening():
                    raise DriverError(f"{self.name}: the caller is gone: start given up")
        if self.init() != pid:
            raise self._died()
        return pid

    def run(self, *argv: str, timeout: float) -> str:
        """What a command inside writes, run as its root with a plain environment."""
        return self._host.run(*self.attaching(), *argv, timeout=timeout)

    def attaching(self, *variables: str) -> tuple[str, ...]:
        """The words before a command that runs inside, as its root with a plain environment."""
        plain = (f"PATH={PATH}", "HOME=/root", *variables)
        return (
            *("lxc-attach", "-n", self.name, "-P", self._policy.lxc, "--clear-env"),
            *(word for variable in plain for word in ("--set-var", variable)),
            "--",
        )

    def shut_down(self, seconds: float) -> bool:
        """Ask init to power off; whether it ended within `seconds` and no other came after it."""
        deadline = time.monotonic() + seconds
        self.require_monitor()
        self.thaw()
        self._ask_to_power_off(deadline)
        pid = self.init()
        if pid is not None:
            with process.held(pid) as pidfd:
                if pidfd is not None and not process.ended(pidfd, seconds):
                    return False
        # A guest that was about to reboot would come up again: now the hooks refuse that.
        attempt.move(self.state, attempt.OVER)
        left = max(deadline - time.monotonic(), MONITOR_SECONDS)
        if monitor.ended(self.state, left) or self.init() is None:
            return True
        attempt.move(self.state, attempt.RUNNING)
        return False

    def reboot(self, seconds: float) -> int | None:
        """Ask init to reboot; the pid of the new init, None when none came within `seconds`."""
        deadline = time.monotonic() + seconds
        self.require_monitor()
        before = self.init()
        self.thaw()
        self._await_ears(seconds)
        liblxc.reboot(self.name, self._policy.lxc)
        while time.monotonic() < deadline:
            after = self.init()
            # LXC makes init before it runs the start-host hook, which may still fail.
            if after is not None and after != before and self._came_up():
                return after
            if after is None and monitor.ended(self.state, 0):
                return None
            time.sleep(POLL_SECONDS)
        return None

    def _came_up(self) -> bool:
        """Whether LXC calls it running. It answers nobody before all hooks of the start are done,
        and these may wait for longer than an answer is waited for."""
        try:
            return self.lxc_state() == "RUNNING"
        except DriverError:
            return False

    def freeze(self) -> None:
        """Have every process of it stand still, or leave all of them running."""
        self.require_monitor()
        try:
            liblxc.freeze(self.name, self._policy.lxc)
            boot.end(self.state, boot.SUSPENDED)
        except BaseException:
            # A freezer that gave up half way holds what it has.
            self.thaw()
            raise

    def thaw(self) -> None:
        """Unfreeze it, through LXC where LXC froze it, so that its idea of the state is right."""
        if self.init() is not None and self.lxc_state() == "FROZEN":
            liblxc.unfreeze(self.name, self._policy.lxc)
        self.cgroups.thaw()
        boot.live(self.state)

    def stop(self, grace: float = MONITOR_SECONDS) -> None:
        """End it for certain, whatever state it is in; nothing to do when nothing runs.

        The monitor gets `grace` seconds for its stop hooks. No call here waits for its answer.
        A start that is under way is over: its hooks refuse to go on.
        """
        self.state.discard_torn()
        last = attempt.current(self.state)
        if last:
            attempt.move(self.state, attempt.OVER)
            if last.phase == attempt.STARTING:
                grace = min(grace, START_HOOKS_SECONDS)
        self.cgroups.kill(KILL_SECONDS)
        ended = monitor.ended(self.state, grace)
        if not ended:
            monitor.kill(self.state, KILL_SECONDS)
        if last and not (ended and last.phase == attempt.RUNNING):
            self._end_start(last.id)
        self.cgroups.kill(KILL_SECONDS)

    def clear(self, nics: tuple[str, ...]) -> None:
        """Wait for or remove what a stopped container may have left: devices, NICs, cgroups."""
        while mounts.unmount(self.state.rootfs):
            pass  # hooks mount in the monitor's namespace: what is here was mounted by hand
        self.cgroups.remove(KILL_SECONDS)
        plan = self.state.read(PLAN)
        network.remove_all(Plan.from_json(plan).nics if plan else (), nics)
        for attachment in load(self.state):
            MAPPERS[attachment.mapper].unmap(attachment, self.state)

    def undefine(self) -> None:
        """Remove its directories, LXC's stub first: what LXC cannot find, it cannot start. Its logs
        stay for some days; those of others whose days are over go."""
        logs.used(self.logs)
        apparmor_profile.forget(self.name, self._policy.lxc)
        stub.remove(self.stub)
        self.state.remove()
        logs.expire(self._policy)

    def _ask_to_power_off(self, deadline: float) -> None:
        """LXC hands it to the init that there is by then. One that a reboot has started meanwhile
        may not have heeded it, and is asked again."""
        while True:
            before = self.init()
            self._await_ears(deadline - time.monotonic())
            try:
                liblxc.shut_down(self.name, self._policy.lxc)
            except DriverError:
                if self.init() is not None:  # else it powered off by itself at this moment
                    raise
            if self.init() in (None, before) or time.monotonic() > deadline:
                return

    def _await_ears(self, seconds: float) -> None:
        """Wait until an init that was just started heeds signals: before it has said what it does
        about one, the kernel drops what it is asked."""
        deadline = time.monotonic() + min(seconds, DEAF_SECONDS)
        while (
            (pid := self.init()) is not None
            and process.age(pid) < YOUNG_SECONDS
            and not process.heeds_signals(pid)
            and time.monotonic() < deadline
        ):
            time.sleep(POLL_SECONDS)

    def _end_start(self, token: str) -> None:
        """Kill what is left of a start that did not come to its end: one that hangs before its
        first hook has no monitor on record, but every process of it has the attempt in its
        environment. To look at those of all processes takes longer than all else in here."""
        found = process.with_variable(attempt.VARIABLE, token)
        monitor.kill_all(found, KILL_SECONDS)

    def _died(self) -> DriverError:
        return self.explained(
            DriverError(f"{self.name} started, but its init ended at once", "see its console log")
        )

    def explained(self, error: DriverError) -> DriverError:
        """The reason that a hook wrote down, else LXC's log, else the error itself."""
        told = self.state.read(ERROR)
        if told:
            return DriverError(f"{self.name}: {told['problem']}", told["remedy"])
        said = logs.errors(f"{self.logs}/{START_LOG}")
        return DriverError(f"{self.name} did not start: {said}") if said else error
