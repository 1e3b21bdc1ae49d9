"""What an open page says while something is wrong, and that it recovers by itself."""

import json
import os
import signal
import time
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from support.busybox import Container

pytestmark = pytest.mark.browser
NETWORK = ("Failed to load resource",)


def banner(page: Any) -> Any:
    return page.locator("#banner")


def test_a_hanging_agent(look: Any, site: Any, busy: Container) -> None:
    page = look().go("/")
    expect(page.locator("#pulse")).to_have_text("live")
    site.signal("agent", signal.SIGSTOP)
    expect(banner(page)).to_contain_text("No new readings")
    expect(banner(page)).to_contain_text("since")
    expect(page.locator("#containers")).to_be_visible()
    site.signal("agent", signal.SIGCONT)
    expect(banner(page)).to_be_hidden()
    expect(page.locator("#pulse")).to_have_text("live")


def test_a_killed_agent(look: Any, site: Any, busy: Container) -> None:
    page = look().go("/")
    expect(page.locator("#pulse")).to_have_text("live")
    site.end("agent", signal.SIGKILL)
    expect(banner(page)).to_contain_text("No new readings")
    site.start("agent")
    expect(banner(page)).to_be_hidden()


def test_a_restarted_page_server(look: Any, site: Any, busy: Container) -> None:
    page = look(forgiven=NETWORK).go("/")
    expect(page.locator("#pulse")).to_have_text("live")
    site.end("page")
    expect(banner(page)).to_contain_text("no answer")
    site.start("page")
    expect(banner(page)).to_be_hidden()
    expect(page.locator("#containers")).to_be_visible()


def test_an_upgraded_page_server_renews_the_page(look: Any, site: Any, busy: Container) -> None:
    page = look().go("/")
    expect(page.locator("#pulse")).to_have_text("live")
    with page.expect_event("load"):
        page.evaluate("document.body.dataset.version = '0.0.1'")
    expect(page.locator("#containers")).to_be_visible()


def test_an_unreadable_store(look: Any, site: Any, busy: Container) -> None:
    page = look(forgiven=NETWORK).go("/")
    expect(page.locator("#pulse")).to_have_text("live")
    away = site.disk / "away"
    site.end("agent")
    site.store.rename(away)
    expect(banner(page)).to_contain_text("Store unreadable")
    expect(banner(page)).to_contain_text("there is no store")
    away.rename(site.store)
    site.start("agent")
    expect(banner(page)).to_be_hidden()


def test_a_range_chosen_while_nothing_answers(look: Any, site: Any, busy: Container) -> None:
    page = look(forgiven=NETWORK).go(f"/container/{quote(busy.name)}")
    expect(page.locator('.card[aria-label="Memory"] canvas')).to_be_visible()
    site.end("page")
    page.get_by_role("button", name="24 h").click()
    expect(banner(page)).to_contain_text("no answer")
    with page.expect_response(lambda answer: "since=" in answer.url and answer.ok):
        site.start("page")
    expect(banner(page)).to_be_hidden()
    expect(page.locator("#window")).to_contain_text("5 min")


def test_a_full_disk(look: Any, site: Any, busy: Container) -> None:
    page = look().go("/")
    expect(page.locator("#pulse")).to_have_text("live")
    found = os.statvfs(site.disk)
    filler = site.disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - 5_000_000)
    full_at = time.time()
    expect(banner(page)).to_contain_text("Disk full")
    expect(banner(page)).to_contain_text("MiB are free")
    while time.time() < full_at + 10:  # for a reading each second, one of which has to be taken
        page.wait_for_timeout(500)
    began, ended = full_at + 1, time.time()
    filler.unlink()
    expect(banner(page)).to_be_hidden()
    name = quote(busy.name)
    url = f"/api/containers/{name}/series?metric=lxc_pids&step=raw&since={began}"
    with urllib.request.urlopen(site.url + url) as answer:
        times = json.load(answer)["time"]
    assert any(began < at < ended for at in times), "collection went on in memory"


def test_a_container_page_loaded_in_trouble_fills_itself(
    look: Any, site: Any, busy: Container
) -> None:
    site.wait()
    away = site.disk / "away"
    site.end("agent")
    site.store.rename(away)
    page = look(forgiven=NETWORK).go(f"/container/{busy.name.replace(' ', '%20')}")
    expect(banner(page)).to_contain_text("Store unreadable")
    away.rename(site.store)
    site.start("agent")
    expect(page.locator('.card[aria-label="Memory"] canvas')).to_be_visible()
    expect(banner(page)).to_be_hidden()
