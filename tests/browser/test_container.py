"""The page of one container, and the host's, in a browser."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect
from support.busybox import Container, until
from support.site import Site, answers

pytestmark = pytest.mark.browser


def card(page: Any, name: str) -> Any:
    return page.locator(f'.card[aria-label="{name}"]')


DRAWN = """(name) => {
  const card = document.querySelector(`.card[aria-label="${name}"]`);
  const canvas = card?.querySelector('canvas');
  if (!canvas) return 0;
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const tone = getComputedStyle(document.documentElement).getPropertyValue('--tone-1').trim();
  const wanted = [1, 3, 5].map((at) => parseInt(tone.slice(at, at + 2), 16));
  let found = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const near = wanted.every((part, place) => Math.abs(part - pixels[at + place]) < 24);
    if (pixels[at + 3] > 200 && near) found += 1;
  }
  return found;
}"""


def look_closer(page: Any) -> None:
    """At the last two minutes: the first seconds of a container are but a few pixels of 15."""
    expect(card(page, "CPU").locator("canvas")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text(re.compile(r"up (\d\d\ss|\d+\smin)"))
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()


@pytest.fixture
def path(site: Site, busy: Container) -> str:
    """Its page, once a cycle has seen it."""
    until(lambda: answers(f"{site.url}/api/containers/{quote(busy.name)}"), busy.name)
    return f"/container/{quote(busy.name)}"


def test_charts_draw_the_readings_of_a_live_container(
    look: Any, path: str, busy: Container
) -> None:
    page = look(forgiven=("Canvas2D: Multiple readback",)).go(path)
    expect(page.locator("h1")).to_have_text(busy.name)
    look_closer(page)
    expect(page.locator("#state")).to_have_text("running")
    for name in ("CPU", "Memory", "Processes"):
        expect(card(page, name).locator("canvas")).to_be_visible()
        page.wait_for_function(f"(name) => ({DRAWN})(name) > 20", arg=name)
    expect(card(page, "CPU").locator("h2")).to_contain_text("cores")
    figure = card(page, "CPU").get_by_role("button", name=re.compile("^total")).locator("b")
    expect(figure).to_have_text(re.compile(r"^0\.\d*[1-9]"))


def test_charts_grow_with_each_cycle_without_loading_all_anew(look: Any, path: str) -> None:
    page = look().go(path)
    expect(card(page, "CPU").locator("canvas")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        with page.expect_request(lambda request: "/series" in request.url):
            pass
    series = [url for url in asked if "/series" in url]
    assert all("since=1" in url and "step=raw" in url for url in series), series


@pytest.mark.parametrize("label", ["15 m", "1 h", "24 h", "7 d", "90 d"])
def test_every_range_can_be_chosen(look: Any, path: str, label: str) -> None:
    page = look().go(path)
    expect(card(page, "CPU").locator("canvas")).to_be_visible()
    button = page.get_by_role("button", name=label, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#ranges [aria-pressed=true]")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"range=" + label.replace(" ", "")))
    expect(page.locator("#charts")).not_to_have_attribute("aria-busy", "true")
    expect(card(page, "Memory").locator("canvas")).to_be_visible()
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_drag_zooms_and_a_button_leads_back(look: Any, path: str) -> None:
    page = look().go(path)
    over = card(page, "Memory").locator(".u-over")
    expect(over).to_be_visible()
    before = page.locator("#window").inner_text()
    box = over.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, middle, steps=8)
    page.mouse.up()
    expect(page.locator("#reset")).to_be_visible()
    expect(page.locator("#ranges [aria-pressed=true]")).to_have_count(0)
    page.mouse.move(5, 5)
    expect(page.locator("#window")).not_to_have_text(before)
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Earlier").click()
    page.locator("#reset").click()
    expect(page.locator("#reset")).to_be_hidden()
    expect(page.get_by_role("button", name="15 m")).to_have_attribute("aria-pressed", "true")


def test_a_legend_entry_hides_its_line(look: Any, path: str) -> None:
    page = look(forgiven=("Canvas2D: Multiple readback",)).go(path)
    look_closer(page)
    page.wait_for_function(f"() => ({DRAWN})('Memory') > 20")
    entry = card(page, "Memory").get_by_role("button", name=re.compile("^working set"))
    expect(entry).to_have_attribute("aria-pressed", "true")
    entry.focus()
    page.keyboard.press("Enter")
    expect(entry).to_have_attribute("aria-pressed", "false")
    page.wait_for_function(f"() => ({DRAWN})('Memory') < 20")


def test_everything_can_be_reached_by_keyboard_and_has_a_name(look: Any, path: str) -> None:
    page = look().go(path)
    expect(card(page, "CPU").locator("canvas")).to_be_visible()
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, a, input, select, [role=img]')].filter((e) => "
        "!e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length).length"
    )
    assert nameless == 0
    reached = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim()"))
    assert {"Containers", "Host", "15 m", "90 d", "+"} <= reached


def test_a_container_that_ends_while_one_looks(look: Any, site: Any) -> None:
    container = site.busybox.start("short-lived")
    shown = look(forgiven=("Failed to load resource",))
    site_page = shown.go("/")
    expect(site_page.get_by_role("link", name=container.name, exact=True)).to_be_visible()
    page = shown.go(f"/container/{container.name}")
    expect(page.locator("#state")).to_have_text("running")
    site.busybox.destroy(container)
    expect(page.locator("#state")).to_have_text("gone")
    expect(page.locator("#facts")).to_contain_text("last read")
    expect(card(page, "Memory").locator("canvas")).to_be_visible()


def test_what_is_unknown_is_not_called_unlimited(look: Any, path: str) -> None:
    def hollow(route: Route) -> None:
        told = route.fetch()
        body = told.json()
        for part in ("cpu", "memory", "pids"):
            body["container"][part] = dict.fromkeys(body["container"][part])
        body["container"]["cpu"]["history"] = []
        route.fulfill(response=told, json=body)

    shown = look()
    shown.page.route(f"**/api{path.replace('/container/', '/containers/')}", hollow)
    page = shown.go(path)
    expect(page.locator("#tiles")).to_contain_text("working set")
    expect(page.locator("#tiles")).not_to_contain_text("no limit")


def test_the_host_has_charts_too(look: Any, site: Any) -> None:
    page = look(color_scheme="dark").go("/host")
    for name in ("CPU", "Load", "Memory"):
        expect(card(page, name).locator("canvas")).to_be_visible()
    expect(page.locator("h1")).not_to_have_text("Host")


def test_the_agent_has_charts_of_itself(look: Any, site: Any) -> None:
    page = look().go("/agent")
    for name in ("Time of a cycle", "CPU of the agent", "Store on disk"):
        expect(card(page, name).locator("canvas")).to_be_visible()
    expect(page.locator("h1")).to_contain_text("Agent on")


def test_a_phone_shows_one_chart_beside_none(look: Any, path: str) -> None:
    page = look(viewport={"width": 390, "height": 844}, color_scheme="dark").go(path)
    canvas = card(page, "CPU").locator("canvas")
    expect(canvas).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert canvas.bounding_box()["width"] > 250


def test_an_unknown_container_is_answered_kindly(look: Any, site: Any) -> None:
    page = look(forgiven=("Failed to load resource",)).go("/container/nobody")
    expect(page.locator("main")).to_contain_text("no container 'nobody'")
    expect(page.locator("#pulse")).to_have_count(0)  # it would never be more than "connecting…"
    button = page.get_by_role("button", name="Colour scheme")
    button.click()
    expect(button).to_have_attribute("aria-label", "Colour scheme: light")


def test_a_page_opened_before_the_first_reading_comes_by_itself(look: Any, site: Site) -> None:
    name = site.busybox.name("soon")
    window = look(forgiven=("Failed to load resource",))
    page = window.go(f"/container/{name}")
    expect(page.get_by_role("heading", name="Not here")).to_be_visible()
    container = site.busybox.start("soon")
    expect(card(page, "Memory").locator("canvas")).to_be_visible(timeout=60_000)
    site.busybox.destroy(container)
