"""Takes the pictures of docs/img: of real containers, after some minutes under varied load.

Run as root: `.venv/bin/python tests/browser/screenshots.py [--minutes 16]`. Uses a bridge and
containers of its own, which are gone at the end; those of others on this host are left out.
"""

import argparse
import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from playwright.sync_api import Browser, Route, sync_playwright
from rich.console import Console
from support import limits
from support.busybox import Busybox, Container, run
from support.site import ARGS, CHROMIUM, Site, serving

from control import opening
from control.settings import config
from control.terminal.lines import lines
from control.terminal.top_heading import heading
from control.terminal.top_table import ORDERS, Frame, draw

IMAGES = Path(__file__).parents[2] / "docs/img"
BRIDGE = "nxwbbr0"
BUSY = "i=0; while [ $i -lt {0} ]; do i=$((i+1)); done; sleep 0.0{1}"
LISTEN = "while :; do nc -l -p 9000 >/dev/null; done"
SEND = "dd if=/dev/zero bs=16k count=$((n % 7 * 20 + 20)) 2>/dev/null | nc {0} 9000; sleep 0.4"
WRITE = "dd if=/dev/zero of=/root/data bs=64k count=$((n % 5 * 8 + 4)) conv=fsync 2>/dev/null"
FILL = "dd if=/dev/zero of=/tmp/fill bs=1M count=$((n / 30 % 5 * 8 + 4)) 2>/dev/null; sleep 1"
LOADS = {
    "web-1": (limits.cpu(0.5), limits.memory(64), [BUSY.format(20000, 4), FILL, LISTEN]),
    "web-2": (
        limits.cpu(0.5),
        limits.memory(64),
        [BUSY.format(3000, 5), SEND.format("10.213.7.1")],
    ),
    "database": ((), limits.memory(256), [BUSY.format(4000, 9), WRITE + "; sleep 0.7", FILL]),
    "one-4112": (limits.cpu(0.2), limits.memory(48), [BUSY.format(30000, 2)]),
    "one-4113": (
        limits.cpu(1),
        limits.memory(128),
        [BUSY.format(800, 9), SEND.format("10.213.7.1")],
    ),
    "mail": ((), (), ["sleep 1"]),
}
SHOTS = (
    ("page-light", "/", 1440, 640, "light"),
    ("page-dark", "/", 1440, 640, "dark"),
    ("page-phone", "/", 390, 844, "light"),
    ("container", "/container/web-1", 1440, 1010, "light"),
    ("container-phone", "/container/web-1", 390, 844, "dark"),
    ("host", "/host", 1440, 1010, "light"),
)


@contextmanager
def bridge() -> Iterator[None]:
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        run("ip", "link", "set", BRIDGE, "up")
        yield
    finally:
        run("ip", "link", "del", BRIDGE)


def nic(number: int) -> tuple[str, ...]:
    return (
        "lxc.net.0.type = veth",
        f"lxc.net.0.link = {BRIDGE}",
        "lxc.net.0.flags = up",
        "lxc.net.0.name = eth0",
        f"lxc.net.0.ipv4.address = 10.213.7.{number}/24",
    )


def loaded(busybox: Busybox, stack: ExitStack, made: list[Container]) -> None:
    """Every container under its loads, until the stack ends; each is added to `made`."""
    for number, (name, (cpu, memory, loads)) in enumerate(LOADS.items(), 1):
        container = busybox.start(name, *nic(number), *cpu, *memory, exact=True)
        made.append(container)
        for load in loads:
            script = load if load == LISTEN else f"n=0; while :; do n=$((n+1)); {load}; done"
            stack.enter_context(container.attached("sh", "-c", script))


def only_ours(route: Route) -> None:
    """The table without the containers that others run on this host meanwhile."""
    answer = route.fetch()
    told = answer.json()
    told["containers"] = [one for one in told["containers"] if one["name"] in LOADS]
    route.fulfill(response=answer, json=told)


def count_io(directory: Path) -> None:
    """Have what is written to containers' roots counted on every kernel."""
    number = directory.stat().st_dev
    device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve().name
    limits.count_io(device)


def take(browser: Browser, site: Site, only: str) -> None:
    for name, path, width, height, scheme in SHOTS:
        if not name.startswith(only):
            continue
        options: dict[str, Any] = {"viewport": {"width": width, "height": height}}
        context = browser.new_context(color_scheme=scheme, **options)
        page = context.new_page()
        page.route("**/api/containers", only_ours)
        dropped: list[str] = []
        page.on("requestfailed", lambda request, dropped=dropped: dropped.append(request.url))
        while not page.url.startswith("http") or dropped:  # an interface came or went meanwhile
            dropped.clear()
            page.goto(site.url + path)
            page.wait_for_timeout(4000)
        page.screenshot(path=IMAGES / f"{name}.png")
        context.close()


def terminal(site: Site) -> None:
    """What `nebulxc top` draws, as a picture of a terminal."""
    with opening.source(config.load(site.base / "nebulxc.toml")) as source:
        found = source.readings()
        ours = [line for line in lines(found) if line.name in LOADS]
        console = Console(record=True, width=80, file=io.StringIO())
        console.print(draw(ours, ORDERS["c"], Frame(heading(found), source.note(), 80, 24)))
    console.save_svg(str(IMAGES / "top.svg"), title="nebulxc top")


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=16)
    arguments.add_argument("--only", default="", help="pictures whose names begin so")
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with bridge(), Busybox("nxwb") as busybox, serving(busybox) as site, ExitStack() as stack:
        made: list[Container] = []
        count_io(busybox.base)
        try:
            loaded(busybox, stack, made)
            made[-1].freeze()
            time.sleep(60 * chosen.minutes)
            if "top".startswith(chosen.only):
                terminal(site)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
                take(browser, site, chosen.only)
                browser.close()
        finally:
            made[-1].unfreeze()
            for container in made:  # before the stack ends: what runs inside outlives lxc-attach
                busybox.destroy(container)


if __name__ == "__main__":
    main()
