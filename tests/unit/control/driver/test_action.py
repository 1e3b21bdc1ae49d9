"""What can be said of nebulxc-action without being root; the rest is in tests/host."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest
from support.children import child

from control.driver import action, caller
from control.driver.action_report import MAX_BYTES, ActionReport
from control.problem import Problem
from control.settings import config, driver_policy
from control.settings.driver_section import DriverSection, policy
from vmm.attempt import RUNNING, Attempt
from vmm.errors import DriverError
from vmm.host import Host
from vmm.lean.value import asdict
from vmm.policy import NodePolicy
from vmm.site import Site, WallClock
from vmm.spec import Limits, Message, VmSpec
from vmm.state import ATTEMPT, State

WATCHER = """
import sys, time
from control.driver import caller
try:
    with caller.watched():
        print("ready", flush=True)
        for _ in range(2400):
            time.sleep(0.05)
        print("never", flush=True)
except SystemExit as end:
    for _ in range(4):
        time.sleep(0.05)
    open(sys.argv[1], "w").write(str(end.code))
    raise
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing is not an action of OpenNebula"),
        (["sh"], "'sh' is not an action of OpenNebula"),
        (["../deploy"], "'../deploy' is not an action"),
        (["migrate"], "migrate is not supported for containers; nothing was changed"),
    ],
)
def test_only_known_actions_begin(words: list[str], said: str) -> None:
    with pytest.raises(Exception, match=said.replace(".", r"\.")):
        action._action(words)


@pytest.mark.parametrize("how", ["reader gone", "SIGTERM", "SIGHUP", "both"])
def test_the_end_of_the_caller_unwinds_once(tmp_path: Path, how: str) -> None:
    told = tmp_path / "told"
    with child(
        [sys.executable, "-c", WATCHER, str(told)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        if how != "reader gone":
            process.send_signal(signal.SIGHUP if how == "SIGHUP" else signal.SIGTERM)
        if how in {"reader gone", "both"}:
            process.stdout.close()
        process.wait(60)
    expected = {"reader gone": {129}, "SIGTERM": {143}, "SIGHUP": {129}, "both": {129, 143}}
    assert int(told.read_text()) in expected[how]
    assert process.returncode in expected[how]


WRITER = """
import sys
from control.driver import action, caller
with caller.watched():
    action._write("x" * 300_000)
"""


def test_a_reader_that_reads_ends_nothing() -> None:
    """SIGIO comes for every byte read, also while Python itself comes to its end."""
    for _ in range(5):
        ran = subprocess.run([sys.executable, "-c", WRITER], capture_output=True, check=False)
        assert (ran.returncode, len(ran.stdout), ran.stderr) == (0, 300_001, b"")


@pytest.mark.parametrize("ended", ["by a signal", "with nobody reading"])
@pytest.mark.parametrize(
    ("name", "ran", "ends"),
    [("deploy", "", True), ("restore", "", True), ("deploy", "ours", False), ("reset", "", False)],
)
def test_a_start_that_the_front_end_never_hears_of_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: str, name: str, ran: str, ends: bool
) -> None:
    """The container runs, and the answer is not out: what ran before the action is left alone."""
    state = State(str(tmp_path / "one-7"))
    state.create()
    performed: list[str] = []

    def runs(by: str) -> None:
        state.write(ATTEMPT, asdict(Attempt(by, RUNNING, 0, "")))

    def perform(_site: Site, message: Message) -> str:
        performed.append(message.action)
        runs("ours")
        if ended == "by a signal" and message.action == name:
            raise SystemExit(128 + signal.SIGHUP)
        return "one-7"

    def nobody(_answer: str) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    if ran:
        runs(ran)
    monkeypatch.setattr("vmm.actions.perform", perform)
    monkeypatch.setattr(action, "_write", nobody)
    policy = NodePolicy(state=str(tmp_path))
    site = Site(policy, Host(), ActionReport(name), WallClock())
    with pytest.raises((SystemExit, DriverError)):
        action._answer(site, Message(name, VmSpec(7, Limits(1, 1 << 26), 0)))
    assert performed == ([name, "cancel"] if ends else [name])


def test_a_file_as_standard_output_has_no_reader_to_lose(tmp_path: Path) -> None:
    code = "from control.driver import caller\nwith caller.watched():\n  print(caller.is_gone())\n"
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "False\n"


def test_a_caller_that_is_gone_from_the_start() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert caller.is_gone(writer)
    os.close(writer)


@pytest.fixture
def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], list[str]]:
    """What went to stderr, line by line; the journal is not written to."""
    monkeypatch.setattr("syslog.syslog", lambda *_: None)
    return lambda: capsys.readouterr().err.splitlines()  # noqa: PLW0108 - read when called


def test_records_and_the_error_are_told_apart(said: Callable[[], list[str]]) -> None:
    report = ActionReport("deploy")
    report.info("one\nline")
    report.warning("left out")
    report.error("no bridge\nonebr0", "Traceback\n  more")
    assert said() == ["INFO: one line", "INFO: warning: left out", "no bridge onebr0"]


def test_an_error_is_never_taken_for_a_record(said: Callable[[], list[str]]) -> None:
    ActionReport("deploy").error("ERROR: said a program")
    assert said() == ["failed: ERROR: said a program"]


def test_the_containers_log_is_bounded_and_has_the_details(
    said: Callable[[], list[str]], tmp_path: Path
) -> None:
    report = ActionReport("deploy")
    report.about("one-7", NodePolicy(log=str(tmp_path)))
    report.error("what failed", "Traceback")
    log = tmp_path / "one-7/action.log"
    assert [line.split(" ", 1)[1] for line in log.read_text().splitlines()] == [
        "deploy one-7: ERROR: what failed",
        "deploy one-7: ERROR: Traceback",
    ]
    for _ in range(6):
        report.info("x" * (MAX_BYTES // 2))
    assert sum(path.stat().st_size for path in log.parent.iterdir()) < 4 * MAX_BYTES


def test_a_log_that_cannot_be_written_changes_nothing(said: Callable[[], list[str]]) -> None:
    report = ActionReport("deploy")
    report.about("one-7", NodePolicy(log="/proc/nowhere"))
    report.info("still said")
    assert said() == ["INFO: still said"]


def test_the_configuration_speaks_of_every_choice() -> None:
    """One key per choice, with the policy's own default."""
    renamed = {
        "settle_seconds": "settle",
        "log_days": "log_kept",
        "console_log_bytes": "console_log",
    }
    keys = {renamed.get(field.name, field.name) for field in fields(NodePolicy)}
    assert set(DriverSection.__struct_fields__) == keys - {"hook", "seccomp"}
    assert policy(DriverSection(), NodePolicy().hook) == NodePolicy()


def test_what_is_configured_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_policy, "_require_roots", lambda _path: None)
    path = tmp_path / "nebulxc.toml"
    path.write_text(
        '[driver]\ncpu_quota = "vcpu"\npids = 99\nsettle = "2s"\nlog_kept = "1d"\n'
        'raw_allow = ["lxc.cap.*", "lxc.hook.pre-start"]\n'
        'privileged = "allow"\nconsole_log = "64KiB"\n'
    )
    found = driver_policy.load(path)
    assert (found.cpu_quota, found.pids, found.settle_seconds) == ("vcpu", 99, 2.0)
    assert found.raw_allow == ("lxc.cap.*", "lxc.hook.pre-start")
    assert (found.log_days, found.privileged) == (1.0, "allow")
    assert found.console_log_bytes == 65536
    assert found.hook == f"{sys.prefix}/bin/nebulxc-hook"


@pytest.mark.parametrize(
    "line",
    [
        'cpu_quota = "half"',
        'mount_point = "media/x"',
        'mount_point = "/media/a b"',
        'raw_allow = ["hook"]',
        'settle = "61s"',
        "id_pool_start = 1000",
        'filesystem = "ntfs"',
        'state = "/var/lib/a\\nb"',
        "pids = 0",
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(driver_policy, "_require_roots", lambda _path: None)
    path = tmp_path / "nebulxc.toml"
    path.write_text(f"[driver]\n{line}\n")
    with pytest.raises(Problem, match=rf"nebulxc\.toml:2: driver\.{line.split(' ', 1)[0]}: "):
        driver_policy.load(path)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    found = driver_policy.load(tmp_path / "none.toml")
    assert found == NodePolicy(hook=driver_policy.HOOK)
    assert Path(driver_policy.CONFIG_PATH) == config.CONFIG_PATH


def test_a_configuration_of_anothers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nebulxc.toml"
    path.write_text("")
    path.chmod(0o666)
    with pytest.raises(Problem, match="can be written by others than root"):
        driver_policy.load(path)


def test_a_configuration_named_from_where_one_is_has_a_directory_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    monkeypatch.setattr(driver_policy, "_require_roots", looked_at.append)
    monkeypatch.chdir(tmp_path)
    Path("nebulxc.toml").write_text("")
    driver_policy.load("nebulxc.toml", keep=False)
    assert looked_at == [f"{tmp_path}/nebulxc.toml", str(tmp_path)]


def test_an_action_imports_nothing_slow() -> None:
    """What it imports is part of every action: these alone take longer than all of ours."""
    program = "import sys, control.driver.action, vmm.actions.deploy; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, check=True, text=True
    )
    slow = {
        *("dataclasses", "inspect", "pathlib", "msgspec", "tomllib", "argparse", "lxc", "pyroute2"),
        *(
            "asyncio",
            "logging",
            "shutil",
            "tempfile",
            "sqlite3",
            "datetime",
            "control.settings.config",
        ),
        *("subprocess", "threading", "selectors", "typing", "json", "importlib.util"),
    }
    assert slow & set(done.stdout.split()) == set()


def test_policies_are_plain_values() -> None:
    """They go to processes of a test installation as JSON."""
    text = msgspec.json.encode(NodePolicy())
    assert msgspec.json.decode(text, type=NodePolicy) == NodePolicy()
    assert json.loads(text)["oom"] == "kill"
