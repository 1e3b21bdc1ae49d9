"""The wall clock is set while the page is open: it says so, goes on, and draws no nonsense.

Agent and page run under libfaketime, which moves the wall clock alone and for them alone.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from support.busybox import Busybox, until
from support.site import Site, serving

pytestmark = pytest.mark.browser

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
HOUR = 3600


class Stepped:
    """A site whose wall clock a test sets."""

    def __init__(self, site: Site, offset: Path) -> None:
        self.site = site
        self._offset = offset

    def set(self, seconds: int) -> None:
        """Be so many seconds off from now on."""
        new = self._offset.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self._offset)

    def told(self, path: str) -> Any:
        with urllib.request.urlopen(self.site.url + path, timeout=60) as answer:
            return json.load(answer)

    def cycle_time(self) -> float:
        """When the last reading was taken, by the stepped clock."""
        return float(self.told("/api/containers")["cycle"]["time"])


@pytest.fixture
def stepped() -> Iterator[Stepped]:
    assert Path(FAKETIME).exists(), "needs libfaketime: apt-get install faketime"
    with Busybox("nxwc") as busybox:
        offset = busybox.base / "offset"
        offset.write_text("+0\n")
        environment = {
            "LD_PRELOAD": FAKETIME,
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with serving(busybox, **environment) as site:
            yield Stepped(site, offset)


def test_an_open_page_survives_the_clock(stepped: Stepped, look: Any) -> None:
    # A request on its way while the clock goes back asks for the future; the next one does not.
    refused = "Failed to load resource: the server responded with a status of 400"
    window = look(site=stepped.site, forgiven=(refused,))
    page = window.go("/host")
    banner = page.locator("#banner")
    expect(page.locator("#pulse")).to_have_text("live")
    expect(banner).to_be_hidden()

    stepped.set(HOUR)
    until(lambda: stepped.cycle_time() > time.time() + HOUR - 60, "a reading an hour ahead")
    expect(banner).to_contain_text("clock")
    expect(page.locator("#pulse")).to_have_text("live")
    ahead = stepped.told("/api/containers")["cycle"]["seq"]

    stepped.set(0)
    until(lambda: stepped.cycle_time() < time.time() + 60, "a reading of this hour")
    seq = stepped.told("/api/containers")["cycle"]["seq"]
    until(lambda: stepped.told("/api/containers")["cycle"]["seq"] > seq + 2, "more readings")
    expect(banner).to_contain_text("clock")
    expect(page.locator("#pulse")).to_have_text("live")
    assert seq > ahead

    answer = stepped.told(
        "/api/host/series?metric=lxc_host_cpu_seconds_total&rate=1&step=raw"
        f"&since={time.time() - 600:.0f}&until={time.time() + 2 * HOUR:.0f}"
    )
    assert answer["time"] == sorted(set(answer["time"])), "a moment twice"
    rates = [rate for one in answer["series"] for rate in one["values"] if rate is not None]
    assert rates
    # No upper bound: the kernel counts in lumps, and a late cycle is soon followed by the next.
    assert min(rates) >= 0, "a rate across the step"
