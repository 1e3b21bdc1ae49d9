"""The front-end's hook, with an `onehost` that writes down how it is called. The call is made by
hand, after OpenNebula's HookAPI.cc and onehem-server.rb."""

import os
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

import im_probes

HOOK = Path(im_probes.__file__).parent / "remotes/im/nebulxc-hooks/host_update"
CALL = """\
<CALL_INFO><RESULT>{result}</RESULT><PARAMETERS>
<PARAMETER><POSITION>1</POSITION><TYPE>IN</TYPE><VALUE>****</VALUE></PARAMETER>
<PARAMETER><POSITION>2</POSITION><TYPE>IN</TYPE><VALUE>7</VALUE></PARAMETER>
<PARAMETER><POSITION>3</POSITION><TYPE>IN</TYPE><VALUE>IM_MAD="x"</VALUE></PARAMETER>
<PARAMETER><POSITION>1</POSITION><TYPE>OUT</TYPE><VALUE>true</VALUE></PARAMETER>
<PARAMETER><POSITION>2</POSITION><TYPE>OUT</TYPE><VALUE>9</VALUE></PARAMETER>
</PARAMETERS><EXTRA/></CALL_INFO>"""
ONEHOST = """\
#!/bin/sh
echo "$*" >> "$HOME/calls"
case "$1" in
show) cat "$HOME/host" ;;
forceupdate) [ ! -e "$HOME/refuse" ] || { echo "not now" >&2; exit 1; } ;;
esac
"""


class FrontEnd:
    """oneadmin's home, and an `onehost` on its way."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "onehost").write_text(ONEHOST)
        (home / "onehost").chmod(0o755)

    def update(
        self, driver: str, state: int = 2, more: str = "", result: int = 1
    ) -> "subprocess.CompletedProcess[bytes]":
        """The host as it is after the call, and the hook."""
        (self.home / "host").write_text(
            f"<HOST><ID>7</ID><STATE>{state}</STATE><IM_MAD>{driver}</IM_MAD>"
            f"<TEMPLATE>{more}</TEMPLATE></HOST>"
        )
        env = {"HOME": str(self.home), "PATH": f"{self.home}:{os.environ['PATH']}"}
        call = b64encode(CALL.format(result=result).encode())
        return subprocess.run([HOOK], input=call, env=env, capture_output=True, check=False)

    def done(self) -> list[str]:
        """What it had onehost do since the last question."""
        calls = self.home / "calls"
        found = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return [call for call in found if not call.startswith("show")]


@pytest.fixture
def front_end(tmp_path: Path) -> FrontEnd:
    return FrontEnd(tmp_path)


def test_each_change_restarts_the_monitoring_once(front_end: FrontEnd) -> None:
    for driver, done in (
        ("lxc", []),
        ("nebulxc", ["forceupdate 7"]),
        ("nebulxc", []),
        ("lxc", ["forceupdate 7"]),
        ("lxc", []),
        ("kvm", []),
    ):
        assert front_end.update(driver).returncode == 0
        assert front_end.done() == done


def test_a_disabled_host_stays_disabled_and_one_that_is_offline_offline(
    front_end: FrontEnd,
) -> None:
    front_end.update("nebulxc", state=4)
    assert front_end.done() == ["offline 7", "disable 7"]
    front_end.update("lxc", state=8)
    assert front_end.done() == []


def test_without_a_record_the_host_tells_who_monitored_it(front_end: FrontEnd) -> None:
    front_end.update("lxc", more="<NEBULXC_VERSION>1</NEBULXC_VERSION>")
    assert front_end.done() == ["forceupdate 7"]


def test_a_refused_update_changes_nothing(front_end: FrontEnd) -> None:
    front_end.update("nebulxc", result=0)
    assert front_end.done() == []


def test_a_restart_that_failed_is_told_and_made_at_the_next_update(front_end: FrontEnd) -> None:
    (front_end.home / "refuse").touch()
    failed = front_end.update("nebulxc")
    assert (failed.returncode, failed.stderr) == (1, b"onehost forceupdate 7: not now\n")
    (front_end.home / "refuse").unlink()
    front_end.done()
    front_end.update("nebulxc")
    assert front_end.done() == ["forceupdate 7"]
