"""A front-end that moves: monitord starts the client anew, and it reports there alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.busybox import until
from support.monitord import Monitord

pytestmark = pytest.mark.host

CAPTURED = Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml"
HOST_ID = 75_000_000 + 10 * os.getpid()
START = """\
import sys
from pathlib import Path
from control.monitoring import monitord
base = Path(sys.argv[1])
sys.exit(monitord.main(sys.argv[2:], base / "nebulxc.toml", base / "locks", base))
"""


def call(base: Path, *words: str, stdin: bytes = b"") -> None:
    argv = [sys.executable, "-c", START, str(base), *words, "lxc", str(HOST_ID), "host"]
    done = subprocess.run(argv, input=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "nebulxc.toml").write_text(f'[store]\ndirectory = "{tmp_path}/store"\n')
    yield tmp_path
    call(tmp_path, "stop")


def start(base: Path, monitord: Monitord) -> None:
    stdin = CAPTURED.read_bytes().replace(b"4124", b"%d" % monitord.port)
    stdin = stdin.replace(b"<HOST_ID>1", b"<HOST_ID>%d" % HOST_ID)
    stdin = stdin.replace(b"<![CDATA[auto]]>", b"127.0.0.1")
    call(base, stdin=stdin.replace(b"<![CDATA[30]]></BEACON_HOST>", b"1</BEACON_HOST>"))


def test_another_address(base: Path) -> None:
    with Monitord() as former, Monitord() as present:
        start(base, former)
        until(lambda: former.texts("BEACON_HOST"), "a beacon at the former address")
        start(base, present)
        until(lambda: present.texts("BEACON_HOST"), "a beacon at the new one")
        former.caught_up()
        count = len(former.messages)
        until(lambda: len(present.texts("BEACON_HOST")) > 3, "more of them")
        assert len(former.messages) == count
