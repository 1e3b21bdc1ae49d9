"""The page of all containers, in a browser, over real containers."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from support.busybox import Container

pytestmark = pytest.mark.browser


def row(page: Any, name: str) -> Any:
    return page.locator("#containers tbody tr").filter(
        has=page.get_by_role("link", name=name, exact=True)
    )


def test_the_table_fills_with_what_runs(look: Any, busy: Container) -> None:
    page = look().go("/")
    found = row(page, busy.name)
    expect(found).to_be_visible()
    expect(found.locator(".c-state")).to_have_text("running")
    expect(found.locator(".c-memory b")).to_contain_text("iB")
    expect(page.locator("#pulse")).to_have_text("live")
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#tiles .tile")).to_have_count(6)


def test_figures_and_trend_move_with_each_cycle(look: Any, busy: Container) -> None:
    page = look().go("/")
    line = row(page, busy.name).locator(".spark .line")
    expect(line).to_have_attribute("d", re.compile("M.*L"))
    before = line.get_attribute("d")
    expect(line).not_to_have_attribute("d", before)


def test_a_container_comes_and_goes_while_one_looks(look: Any, site: Any) -> None:
    page = look().go("/")
    expect(page.locator("#containers")).to_be_visible()
    container = site.busybox.start("passer-by")
    expect(row(page, container.name)).to_be_visible()
    site.busybox.destroy(container)
    expect(row(page, container.name)).to_have_count(0)


def test_frozen_is_shown_as_frozen(look: Any, site: Any) -> None:
    container = site.busybox.start("still")
    page = look().go("/")
    expect(row(page, container.name).locator(".c-state")).to_have_text("running")
    container.freeze()
    expect(row(page, container.name).locator(".c-state")).to_have_text("frozen")
    container.unfreeze()
    site.busybox.destroy(container)


def test_filter_and_sort_by_keyboard_and_in_the_address(
    look: Any, site: Any, busy: Container
) -> None:
    others = [site.busybox.start(name) for name in ("alpha", "beta")]
    page = look().go("/")
    expect(row(page, others[1].name)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(site.busybox.prefix.upper())
    expect(page.locator("#containers tbody tr")).to_have_count(3)
    page.get_by_role("button", name="CPU cores").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th.c-cpu")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#containers tbody tr").first).to_contain_text(busy.name)
    page.keyboard.press("Enter")
    expect(page.locator("th.c-cpu")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#containers tbody tr").last).to_contain_text(busy.name)
    page.reload()
    expect(page.locator("#containers tbody tr").last).to_contain_text(busy.name)
    page.locator("#filter").fill("no such name")
    expect(page.locator("#nomatch")).to_contain_text("no such name")
    page.locator("#filter").press("Escape")
    expect(page.locator("#nomatch")).to_be_hidden()
    for other in others:
        site.busybox.destroy(other)


def test_hostile_names_do_no_harm(look: Any, site: Any) -> None:
    names = ["<img src=x onerror=alert(1)>", "quo\"te'd", "ünïcödé 容器"]
    made = [site.busybox.start(name) for name in names]
    shown = look()
    page = shown.go("/")
    page.on("dialog", lambda _: shown.errors.append("a script ran"))
    for container in made:
        expect(row(page, container.name)).to_be_visible()
    for container in made:
        page.get_by_role("link", name=container.name, exact=True).click()
        expect(page.locator("h1")).to_have_text(container.name)
        expect(page.locator(".card canvas").first).to_be_visible()
        page.go_back()
    for container in made:
        site.busybox.destroy(container)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_the_button(look: Any, busy: Container, scheme: str) -> None:
    page = look(color_scheme=scheme).go("/")
    expect(row(page, busy.name)).to_be_visible()
    back = "getComputedStyle(document.body).backgroundColor"
    dark, light = "rgb(13, 17, 23)", "rgb(244, 246, 248)"
    assert page.evaluate(back) == (dark if scheme == "dark" else light)
    button = page.locator("#theme")
    button.click()
    assert page.evaluate(back) == light
    button.click()
    assert page.evaluate(back) == dark
    page.reload()
    assert page.evaluate(back) == dark, "remembered"
    expect(button).to_have_attribute("aria-label", "Colour scheme: dark")


def test_a_phone_needs_no_sideways_scrolling(look: Any, busy: Container) -> None:
    page = look(viewport={"width": 390, "height": 844}).go("/")
    expect(row(page, busy.name)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#sort")).to_be_visible()
    page.locator("#sort").select_option("memory")
    expect(page).to_have_url(re.compile("sort=memory"))


def test_at_every_width_it_fits_and_can_be_sorted(look: Any, site: Any) -> None:
    long = site.busybox.start("a-name-that-is-longer-than-any-column-of-figures-" + "x" * 40)
    page = look().go("/")
    expect(row(page, long.name)).to_be_visible()
    for width in (390, 720, 721, 850, 970, 971, 1000, 1100, 1101, 1280, 1281, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        heads = page.get_by_role("button", name="CPU cores")
        assert heads.is_visible() != page.locator("#sort").is_visible(), width
    site.busybox.destroy(long)


def test_a_hidden_tab_does_not_ask(look: Any, busy: Container) -> None:
    shown = look()
    page = shown.go("/")
    expect(row(page, busy.name)).to_be_visible()
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(10):  # what was due when it was hidden may still be on its way
        asked.clear()
        page.wait_for_timeout(2500)
        if not asked:
            break
    assert asked == []
    with page.expect_request("**/api/**"):
        page.evaluate(
            "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))"
        )
