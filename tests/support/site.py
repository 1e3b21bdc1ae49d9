"""A real agent and the page's own process over one store, for browsers to look at."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.busybox import Busybox, run
from support.port import reserved

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CONFIG = """\
[collector]
interval = "1s"
[store]
directory = "{store}"
reserve = "10MB"
[page]
enabled = false
listen = "127.0.0.1:{port}"
[driver]
state = "{base}/ct"
journal = "{base}/journal.jsonl"
"""
AGENT = "from control.cli import main; raise SystemExit(main())"
PAGE = "from control.services.page import main; raise SystemExit(main())"


@dataclass
class Site:
    """The agent and the page as processes of this test, over one store."""

    base: Path
    busybox: Busybox
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        return self.disk / "store"

    @property
    def disk(self) -> Path:
        """A small file system of its own under the store, so that a test can fill it."""
        return self.base / "disk"

    def start(self, what: str) -> None:
        code, words = (AGENT, ["agent"]) if what == "agent" else (PAGE, [])
        argv = [sys.executable, "-c", code, *words, "--config", str(self.base / "nebulxc.toml")]
        with (self.base / f"{what}.log").open("ab") as log:
            self.processes[what] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )

    def end(self, what: str, number: int = signal.SIGTERM) -> None:
        process = self.processes.pop(what)
        process.send_signal(number)
        try:
            process.wait(120)
        finally:
            process.kill()
            process.wait()

    def signal(self, what: str, number: int) -> None:
        self.processes[what].send_signal(number)

    def wait(self, healthy: bool = True) -> None:
        """Until /healthz says so; the logs are in the failure."""
        deadline = time.monotonic() + 120
        while self._healthy() is not healthy:
            if time.monotonic() > deadline:
                logs = "".join(path.read_text() for path in sorted(self.base.glob("*.log")))
                raise AssertionError(f"/healthz never became {healthy}:\n{logs}")
            time.sleep(0.1)

    def _healthy(self) -> bool | None:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=60) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return None


def answers(url: str) -> bool:
    """Whether it is 200: a container's address once a cycle has seen it."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def serving(busybox: Busybox, **environment: str) -> Iterator[Site]:
    """Agent and page for this block, with more in their environment."""
    with reserved() as port:
        yield from _serving(Site(busybox.base, busybox, port, environment=os.environ | environment))


def _serving(made: Site) -> Iterator[Site]:
    made.disk.mkdir(mode=0o711)
    run("mount", "-t", "tmpfs", "-o", "size=128m,mode=0711", "nebulxc-test", str(made.disk))
    text = CONFIG.format(store=made.store, port=made.port, base=made.base)
    (made.base / "nebulxc.toml").write_text(text, encoding="utf-8")
    try:
        made.start("agent")
        made.start("page")
        made.wait()
        yield made
    finally:
        for what in list(made.processes):
            made.signal(what, signal.SIGCONT)
            made.end(what)
        run("umount", str(made.disk))
