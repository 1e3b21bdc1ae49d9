"""What an open page says while something is wrong, and that it recovers by itself."""

import signal
from typing import Any

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
    away = site.base / "away"
    site.end("agent")
    site.store.rename(away)
    expect(banner(page)).to_contain_text("Store unreadable")
    expect(banner(page)).to_contain_text("there is no store")
    away.rename(site.store)
    site.start("agent")
    expect(banner(page)).to_be_hidden()


def test_a_container_page_loaded_in_trouble_fills_itself(
    look: Any, site: Any, busy: Container
) -> None:
    site.wait()
    away = site.base / "away"
    site.end("agent")
    site.store.rename(away)
    page = look(forgiven=NETWORK).go(f"/container/{busy.name.replace(' ', '%20')}")
    expect(banner(page)).to_contain_text("Store unreadable")
    away.rename(site.store)
    site.start("agent")
    expect(page.locator('.card[aria-label="Memory"] canvas')).to_be_visible()
    expect(banner(page)).to_be_hidden()
