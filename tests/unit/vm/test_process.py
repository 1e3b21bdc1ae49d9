import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.busybox import until
from vm.process import CommandError, Identity, Service, identify, run, stream

STARTER = """
import sys
from pathlib import Path
sys.path.insert(0, {path!r})
from vm.process import Service
import time
where = Path({where!r})
Service(where / "it.pid", where / "it.log").start(["sleep", "1000"], bound={bound})
time.sleep(1000)
"""


def service_in(where: Path) -> Service:
    return Service(where / "it.pid", where / "it.log")


def started(service: Service, patience: float = 120) -> Identity:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if identity := service.identity():
            return identity
        time.sleep(0.01)
    raise AssertionError("it did not start")


def gone(identity: Identity, patience: float = 120) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if identify(identity.pid) != identity:
            return True
        time.sleep(0.01)
    return False


def test_is_on_record_when_start_returns(tmp_path: Path) -> None:
    service = service_in(tmp_path)
    service.start(["sleep", "1000"], bound=True)
    assert service.identity() is not None
    service.end()


def test_it_holds_nothing_that_its_starter_had_open(tmp_path: Path) -> None:
    service = service_in(tmp_path)
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        service.start(["sleep", "1000"], bound=True)
        identity = service.identity()
    assert identity is not None
    held = f"/proc/{identity.pid}/fd"
    # It is on record before it is loaded, for which it opens libraries for a moment.
    until(lambda: sorted(os.listdir(held)) == ["0", "1", "2"], "it to hold nothing of ours")
    service.end()


def test_says_when_it_could_not_be_put_on_record(tmp_path: Path) -> None:
    service = Service(tmp_path / "nowhere/it.pid", tmp_path / "it.log")
    with pytest.raises(CommandError, match=r"(?s)ended before it began: .*nowhere/it\.pid"):
        service.start(["sleep", "1000"], bound=True)


def test_ends_what_it_started(tmp_path: Path) -> None:
    service = service_in(tmp_path)
    service.start(["sleep", "1000"], bound=True)
    identity = started(service)
    service.end()
    assert gone(identity)
    assert not service.record.exists()


def test_ends_what_ignores_the_first_signal(tmp_path: Path) -> None:
    service = service_in(tmp_path)
    deaf = "trap '' TERM; touch $0; while :; do sleep 0.1; done"
    service.start(["sh", "-c", deaf, str(tmp_path / "deaf")], bound=True)
    identity = started(service)
    until((tmp_path / "deaf").exists, "it to ignore the signal")
    service.end(grace=0.5)
    assert gone(identity)


@pytest.mark.parametrize(("bound", "survives"), [(True, False), (False, True)])
def test_a_bound_service_ends_with_a_killed_parent(
    tmp_path: Path, bound: bool, survives: bool
) -> None:
    path = str(Path(__file__).resolve().parents[2])
    code = STARTER.format(path=path, where=str(tmp_path), bound=bound)
    parent = subprocess.Popen([sys.executable, "-c", code])
    service = service_in(tmp_path)
    identity = started(service)
    parent.kill()
    parent.wait()
    try:
        assert gone(identity, patience=1 if survives else 120) is not survives
    finally:
        service.end()


def test_a_record_of_another_life_of_the_pid_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "1000"])
    try:
        identity = identify(bystander.pid)
        assert identity is not None
        service = service_in(tmp_path)
        earlier = f"{identity.pid}\n{identity.start_ticks - 1}\n{identity.boot_id}\n"
        service.record.write_text(earlier, encoding="ascii")
        assert service.identity() is None
        service.signal(signal.SIGKILL)
        service.end()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_process_that_is_being_taken_apart_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a thread group leader's end and its reaping pidfd_open answers EINVAL."""
    service = service_in(tmp_path)
    own = identify(os.getpid())
    assert own is not None
    service.record.write_text(f"{own.pid}\n{own.start_ticks}\n{own.boot_id}\n", encoding="ascii")

    def refused(_pid: int) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "pidfd_open", refused)
    assert service.wait(0)


def test_our_own_identity_is_stable() -> None:
    assert identify(os.getpid()) == identify(os.getpid()) is not None


def test_a_failure_names_the_command_and_what_it_said() -> None:
    with pytest.raises(CommandError, match=r"(?s)sh -c .*status 3.*no luck"):
        run("sh", "-c", "echo no luck >&2; exit 3")


def test_a_command_without_end_is_ended() -> None:
    with pytest.raises(CommandError, match="no end after"):
        run("sleep", "60", timeout=0.2)


def test_what_is_streamed_is_kept_too(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = tmp_path / "log"
    assert stream(["sh", "-c", "echo out; echo err >&2; exit 3"], log) == 3
    assert log.read_bytes() == b"out\nerr\n"
    assert capfdbinary.readouterr().out == b"out\nerr\n"
