"""A real agent over real containers, the page's own process, and Chromium looking at it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
from support.busybox import Busybox, Container

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
"""
expect.set_options(timeout=20_000)

AGENT = "from control.cli import main; raise SystemExit(main())"
PAGE = "from control.page import main; raise SystemExit(main())"


@dataclass
class Site:
    """The agent and the page as processes of this test, over one store."""

    base: Path
    busybox: Busybox
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        return self.base / "store"

    def start(self, what: str) -> None:
        code, words = (AGENT, ["agent"]) if what == "agent" else (PAGE, [])
        argv = [sys.executable, "-c", code, *words, "--config", str(self.base / "nebulxc.toml")]
        with (self.base / f"{what}.log").open("ab") as log:
            self.processes[what] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def end(self, what: str, number: int = signal.SIGTERM) -> None:
        process = self.processes.pop(what)
        process.send_signal(number)
        process.wait(20)

    def signal(self, what: str, number: int) -> None:
        self.processes[what].send_signal(number)

    def wait(self, healthy: bool = True) -> None:
        """Until /healthz says so; the logs are in the failure."""
        deadline = time.monotonic() + 40
        while self._healthy() is not healthy:
            if time.monotonic() > deadline:
                logs = "".join(path.read_text() for path in sorted(self.base.glob("*.log")))
                raise AssertionError(f"/healthz never became {healthy}:\n{logs}")
            time.sleep(0.1)

    def _healthy(self) -> bool | None:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    assert os.geteuid() == 0, "browser tests need root: run them with sudo"
    with Busybox("nxwb") as busybox:
        made = Site(busybox.base, busybox, free_port())
        text = CONFIG.format(store=made.store, port=made.port)
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


@pytest.fixture(scope="session")
def busy(site: Site) -> Iterator[Container]:
    """A container under load that lives as long as the session."""
    container = site.busybox.start("busy one")
    load = "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; sleep 0.05; done"
    with container.attached("sh", "-c", load):
        yield container
        site.busybox.destroy(container)  # within: what runs inside outlives lxc-attach


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Look:
    """One window on the page, and what went wrong in it."""

    site: Site
    page: Page
    strangers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()
    """Beginnings of console messages that the test itself brings about."""

    def watch(self) -> None:
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.site.url).netloc:
            self.strangers.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(self.forgiven):
            self.errors.append(message.text)

    def go(self, path: str) -> Page:
        self.page.goto(self.site.url + path)
        return self.page

    def check(self) -> None:
        assert self.strangers == [], "a request left the host"
        assert self.errors == [], "errors in the console"


@pytest.fixture
def look(site: Site, chromium: Browser) -> Iterator[Any]:
    """`look(**options)` → a `Look`; each is checked for errors and strange requests at the end."""
    made: list[Look] = []

    def open_one(**options: Any) -> Look:
        forgiven = options.pop("forgiven", ())
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(15_000)
        made.append(Look(site, context.new_page(), forgiven=forgiven))
        made[-1].watch()
        return made[-1]

    yield open_one
    for one in made:
        one.page.context.close()
        one.check()
