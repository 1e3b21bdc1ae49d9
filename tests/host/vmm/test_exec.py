"""Commands that OpenNebula runs inside containers, their outcome, and their end."""

import base64
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, own, settled

from vmm import actions, execution
from vmm.actions.exec import OUTPUT_BYTES
from vmm.errors import DriverError, NotFound
from vmm.execution import DONE, RUNNING, Record
from vmm.spec import Message, VmSpec

pytestmark = pytest.mark.host

VMID = own(4)


@pytest.fixture
def installation() -> Iterator[Installation]:
    made = Installation(exec_timeout=200.0)
    before = made.traces()
    yield made
    left = settled(made, before)
    made.close()
    assert left["processes"] == before["processes"]


@pytest.fixture
def vm(installation: Installation, images: Images) -> Iterator[VmSpec]:
    made = installation.vm(VMID, root=images.busybox())
    installation.do("deploy", made)
    yield made
    installation.do("cancel", made)


def begin(installation: Installation, vm: VmSpec, *arguments: str) -> None:
    message = Message("exec", vm, arguments=arguments)
    assert actions.perform(installation.site, message) == ""


def ended(installation: Installation, vm: VmSpec) -> Record:
    """The outcome, once it is there and the process that wrote it is gone."""
    state = installation.container(vm).state
    begun = execution.last(state)
    assert begun is not None
    until(lambda: (execution.last(state) or begun).status == DONE, "the outcome")
    until(lambda: not execution.runs(replace(begun, status=RUNNING)), "its runner to end")
    found = execution.last(state)
    assert found is not None
    return found


def outcome(installation: Installation, vm: VmSpec, *arguments: str) -> tuple[int | None, str, str]:
    begin(installation, vm, *arguments)
    found = ended(installation, vm)
    texts = (base64.b64decode(text).decode() for text in (found.stdout, found.stderr))
    return found.return_code, *texts  # type: ignore[return-value]  # two texts


def pids(installation: Installation, vm: VmSpec) -> set[int]:
    return installation.container(vm).cgroups.pids()


def has_only(installation: Installation, vm: VmSpec, wanted: set[int]) -> None:
    """What was killed leaves its group a little after it shows no environment any more."""
    until(lambda: pids(installation, vm) == wanted, "what the command started to be gone")


def idle(installation: Installation, vm: VmSpec) -> set[int]:
    """Its processes once it has booted: a deploy does not wait for that."""

    def booted() -> bool:
        found = pids(installation, vm)
        return len(found) == 2 and any(map(_is_idling, found))

    until(booted, "init and its sleep alone")
    return pids(installation, vm)


def _is_idling(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b"/bin/sleep\x001000000\0"
    except OSError:
        return False


@pytest.mark.guest
@pytest.mark.parametrize("unprivileged", [True, False], ids=["unprivileged", "privileged"])
def test_output_and_status(installation: Installation, images: Images, unprivileged: bool) -> None:
    vm = installation.vm(VMID, root=images.busybox(), wants_unprivileged=unprivileged)
    installation.do("deploy", vm)
    given = base64.b64encode(b"one\ntwo\n").decode()
    assert outcome(installation, vm, "wc -l", given) == (0, "2\n", "")
    said = outcome(installation, vm, "sh -c 'echo \"a  b\"; id -u; echo bad >&2; exit 7'")
    assert said == (7, "a  b\n0\n", "bad\n")
    assert outcome(installation, vm, "uname -n") == (0, f"{vm.name}\n", "")
    code, out, err = outcome(installation, vm, "/nothing/there")
    assert (code, out) == (127, "")
    assert "No such file" in err
    environment = outcome(installation, vm, "env")[1]
    assert "NEBULXC_ATTEMPT" not in environment
    assert "PATH=/usr/local/sbin:" in environment
    found = os.stat(installation.container(vm).state.path(execution.FILE))
    assert stat.S_IMODE(found.st_mode) == 0o640
    installation.do("cancel", vm)


def test_the_action_does_not_wait_for_the_command(installation: Installation, vm: VmSpec) -> None:
    before = idle(installation, vm)
    begin(installation, vm, "sleep 100000")
    record = execution.last(installation.container(vm).state)
    assert execution.runs(record)
    # The container's lock is free: another action does not wait for the command either.
    installation.do("prereconfigure", vm)
    with pytest.raises(DriverError, match="still runs the command before this one"):
        begin(installation, vm, "true")
    installation.do("exec_cancel", vm)
    installation.do("exec_cancel", vm)
    has_only(installation, vm, before)
    assert outcome(installation, vm, "echo again") == (0, "again\n", "")


@pytest.mark.guest
def test_cancel_ends_what_the_command_has_started(installation: Installation, vm: VmSpec) -> None:
    """In the background, in sessions of their own, and those whose parent is gone."""
    before = idle(installation, vm)
    begin(
        installation,
        vm,
        "sh -c '(sleep 90001 &); setsid sleep 90002 & sleep 90003 & exec 1>&- 2>&-; wait'",
    )
    until(lambda: len(pids(installation, vm) - before) >= 4, "all that it starts")
    installation.do("exec_cancel", vm)
    has_only(installation, vm, before)
    assert execution.last(installation.container(vm).state) is None


def test_time_over_and_too_much_output(images: Images) -> None:
    installation = Installation(exec_timeout=10.0)
    try:
        vm = installation.vm(VMID, root=images.busybox())
        installation.do("deploy", vm)
        before = idle(installation, vm)
        code, out, err = outcome(installation, vm, "sh -c '(sleep 90001 &) ; yes'")
        assert code == 124
        assert len(out) == OUTPUT_BYTES
        assert "bytes more were not kept" in err
        assert err.endswith("nebulxc: ended after 10 s\n")
        has_only(installation, vm, before)
    finally:
        installation.close()


def test_time_over_while_suspended(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "KILL_SECONDS", 0.5)
    installation = Installation(exec_timeout=1.0)
    try:
        vm = installation.vm(VMID, root=images.busybox())
        installation.do("deploy", vm)
        before = idle(installation, vm)
        installation.do("exec", vm, "sleep 90001")
        installation.do("save", replace(vm, lcm_state=6))
        time.sleep(3)  # over the time, and over the first try to kill what is frozen
        installation.do("restore", replace(vm, lcm_state=21))
        assert ended(installation, vm).return_code == 124
        has_only(installation, vm, before)
    finally:
        installation.close()


def test_the_containers_end_is_the_commands(installation: Installation, images: Images) -> None:
    vm = installation.vm(VMID, root=images.busybox())
    for action in ("shutdown", "cancel", "reset", "reboot"):
        installation.do("deploy", vm)
        begin(installation, vm, "sleep 100000")
        runner = execution.last(installation.container(vm).state)
        assert runner is not None
        installation.do(action, vm)
        until(lambda runner=runner: not execution.runs(runner), "the command to end")
        installation.do("cancel", vm)
        assert not installation.container(vm).state.present


def test_what_is_refused(installation: Installation, vm: VmSpec) -> None:
    for arguments, said in (
        (("sh -c 'x",), "cannot be split into words"),
        (("  ",), "is empty"),
        (("true", "no base64!"), "standard input is not base64"),
    ):
        with pytest.raises(DriverError, match=said):
            begin(installation, vm, *arguments)
    installation.do("save", replace(vm, lcm_state=6))
    with pytest.raises(DriverError, match="is suspended"):
        begin(installation, vm, "true")
    installation.do("cancel", vm)
    with pytest.raises(NotFound, match="does not run"):
        begin(installation, vm, "true")
    installation.do("exec_cancel", vm)
