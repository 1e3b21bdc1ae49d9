"""What the page shows of a container that the driver runs: definition and actions."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from support.busybox import Container, until
from support.site import Site, answers

from vmm import applied, journal
from vmm.spec import Disk, DiskKind, Graphics, Limits, Nic, VmSpec
from vmm.state import State

pytestmark = pytest.mark.browser

VM = VmSpec(
    71995,
    Limits(0.5, 64 << 20, vcpu=2),
    0,
    disks=(Disk(0, DiskKind.IMAGE, "/ds/0/71995/disk.0", "/", size_bytes=1 << 30),),
    nics=(Nic(0, "br0", "one-71995-0", "eth0", "02:00:00:00:00:01"),),
    graphics=Graphics("vnc", 5907, "127.0.0.1", "geheim"),
)
ENTRY = journal.Entry(1_763_800_000_000, "deploy", VM.name, "LCM_STATE 2", "done", VM.name, 1.5)


@pytest.fixture
def container(site: Site) -> Iterator[Container]:
    """A container with the files that the driver keeps of it, once a cycle has seen it."""
    made = site.busybox.start(VM.name, exact=True)
    (site.base / "ct").mkdir(exist_ok=True)
    shutil.rmtree(site.base / "ct" / VM.name, ignore_errors=True)
    state = State(str(site.base / "ct" / VM.name))
    state.create()
    applied.write(state, VM, 1_100_000_000, os.getgid())
    journal.append(str(site.base / "journal.jsonl"), ENTRY)
    until(lambda: answers(f"{site.url}/api/containers/{VM.name}"), VM.name)
    yield made
    site.busybox.destroy(made)


def test_definition_and_actions_are_shown_and_follow(
    look: Any, site: Site, container: Container
) -> None:
    page = look().go(f"/container/{container.name}")
    told = page.get_by_role("region", name="OpenNebula driver")
    expect(told).to_contain_text("64 MiB")
    expect(told).to_contain_text("vnc on 127.0.0.1:5907")
    expect(told.get_by_role("table", name="Disks")).to_contain_text("/ds/0/71995/disk.0")
    expect(told.get_by_role("table", name="NICs")).to_contain_text("02:00:00:00:00:01")
    actions = told.get_by_role("table", name="Actions").locator("tbody tr")
    expect(actions).to_have_count(1)
    journal.append(
        str(site.base / "journal.jsonl"),
        journal.Entry(1_763_800_060_000, "save", VM.name, "", "failed", "<b>no</b>", 0.1),
    )
    expect(actions).to_have_count(2)
    expect(actions.first).to_contain_text("<b>no</b>")


def test_a_narrow_window_needs_no_sideways_scroll(look: Any, container: Container) -> None:
    page = look(viewport={"width": 390, "height": 844}).go(f"/container/{container.name}")
    expect(page.get_by_role("region", name="OpenNebula driver")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_other_containers_show_nothing_of_it(look: Any, site: Site, busy: Container) -> None:
    until(lambda: answers(f"{site.url}/api/containers/{busy.name.replace(' ', '%20')}"), busy.name)
    page = look().go(f"/container/{busy.name.replace(' ', '%20')}")
    expect(page.locator("#tiles")).to_be_visible()
    expect(page.locator("#driver")).to_be_hidden()
