"""Any name a container may have: through URLs, HTML and JSON unharmed."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = [
    "with space",
    "a'b\"c",
    "<script>alert(1)<",
    '"><img src=x onerror=alert(1)>',
    "line\nbreak\ttab\rreturn",
    "ünïcödé ✓ 容器",
    "100%25&a=b;c?d#e",
    "back\\slash",
    "{{7*7}}",
    ".hidden",
    "series",
    "é" * 120,
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_reach_their_pages(world: Any, name: str) -> None:
    world.names = [name]
    world.cycle(2)
    client = world.client()
    (found,) = client.get("/api/containers").get_json()["containers"]
    assert found["name"] == name
    assert client.get(f"/api/containers/{found['path']}").get_json()["container"]["name"] == name
    series = f"/api/containers/{found['path']}/series?metric=lxc_cpu_limit_cores"
    assert client.get(series).status_code == 200
    page = client.get(f"/container/{found['path']}")
    assert page.status_code == 200
    for forbidden in ("<script>alert", "<img src=x", "49 "):
        assert forbidden not in page.text


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=50,
    deadline=None,
)
@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1))
def test_any_name_is_found_by_its_path(world: Any, name: str) -> None:
    if name in (".", ".."):
        return
    world.names = [name]
    world.store.cycles.clear()
    world.cycle()
    client = world.client()
    (found,) = client.get("/api/containers").get_json()["containers"]
    assert client.get(f"/api/containers/{found['path']}").get_json()["container"]["name"] == name


def test_bytes_that_are_no_utf8_are_shown_as_such(world: Any) -> None:
    world.names = ["bad\udcff", "good"]
    world.cycle()
    client = world.client()
    names = {
        one["name"]: one["path"] for one in client.get("/api/containers").get_json()["containers"]
    }
    assert set(names) == {"bad\ufffd", "good"}
    assert client.get(f"/api/containers/{names[chr(98) + 'ad' + chr(0xFFFD)]}").status_code == 200
    assert client.get("/metrics").status_code == 200


def test_an_unknown_name_is_echoed_harmlessly(world: Any) -> None:
    world.cycle()
    answer = world.client().get("/container/" + quote("<script>alert(1)</script>", safe=""))
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_an_unknown_page_names_the_near_ones(world: Any) -> None:
    world.cycle()
    answer = world.client().get("/container/wbe")
    assert answer.status_code == 404
    assert 'href="/container/web"' in answer.text
