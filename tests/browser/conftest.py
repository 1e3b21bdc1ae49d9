"""A real agent over real containers, the page's own process, and Chromium looking at it."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
from support.busybox import Busybox, Container
from support.netns import Network
from support.site import ARGS, CHROMIUM, Site, serving

expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    assert os.geteuid() == 0, "browser tests need root: run them with sudo"
    with Busybox("nxwb") as busybox, serving(busybox) as made:
        yield made


@pytest.fixture(scope="session")
def busy(site: Site) -> Iterator[Container]:
    """A container under load that lives as long as the session."""
    container = site.busybox.start("busy one")
    load = "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; sleep 0.05; done"
    with container.attached("sh", "-c", load):
        yield container
        site.busybox.destroy(container)  # within: what runs inside outlives lxc-attach


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """Where Chromium runs: no container's interface comes or goes there."""
    with Network() as made:
        yield made


@pytest.fixture(scope="session")
def chromium(network: Network) -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "needs Chromium: apt-get install chromium"
    with contextlib.ExitStack() as stack:
        with network.entered():
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=ARGS, timeout=180_000
            )
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
        """Open a page."""
        self.page.goto(self.site.url + path, wait_until="load")
        return self.page

    def check(self) -> None:
        assert self.strangers == [], "a request left the host"
        assert self.errors == [], "errors in the console"


@pytest.fixture
def look(site: Site, chromium: Browser, network: Network) -> Iterator[Any]:
    """`look(**options)` → a `Look`; each is checked for errors and strange requests at the end."""
    made: list[Look] = []

    def open_one(**options: Any) -> Look:
        forgiven, at = options.pop("forgiven", ()), options.pop("site", site)
        network.reach(at.port)
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(60_000)
        made.append(Look(at, context.new_page(), forgiven=forgiven))
        made[-1].watch()
        return made[-1]

    yield open_one
    for one in made:
        one.page.context.close()
        one.check()
