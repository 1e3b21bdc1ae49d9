"""The page over the embedded store itself, written by its own writer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from collector.store import FILE_NAME
from collector.store.sqlite import SqliteReader, SqliteWriter, StoreSettings
from web import answers
from web.app import create_app
from web.settings import PageSettings


class Written:
    """A store on disk that follows the world's cycles, and a client of its page."""

    def __init__(self, world: Any, directory: Path) -> None:
        self._world, self._directory = world, directory
        self.path = directory / FILE_NAME
        self._open()
        self.client = self.fresh_client()

    def fresh_client(self) -> FlaskClient:
        """A page that remembers nothing."""
        settings = PageSettings(store_dir=self._directory, version="1", reserve_bytes=0)
        return create_app(SqliteReader(self.path), settings, self._world.clock).test_client()

    def _open(self) -> None:
        settings = StoreSettings(free_reserve_bytes=0)
        self._writer = SqliteWriter(self.path, settings, self._world.clock)

    def cycle(self, count: int = 1) -> None:
        for _ in range(count):
            self._world.cycle()
            self._writer.append(self._world.store.cycles[-1])

    def close(self) -> None:
        self._writer.close()

    def get(self, path: str) -> Any:
        return self.client.get(path).get_json()


@pytest.fixture
def written(world: Any, tmp_path: Path) -> Iterator[Written]:
    made = Written(world, tmp_path / "store")
    yield made
    made.close()


def figures(body: Any) -> Any:
    return [(one["name"], one["cpu"], one["memory"], one["network"]) for one in body["containers"]]


def test_it_answers_as_over_any_store(world: Any, written: Written) -> None:
    written.cycle(5)
    reference = world.client().get("/api/containers").get_json()
    assert figures(written.get("/api/containers")) == figures(reference)


@pytest.mark.parametrize("rate", ["0", "1"])
def test_the_short_way_and_the_stores_own_series_agree(
    written: Written, monkeypatch: pytest.MonkeyPatch, rate: str
) -> None:
    written.cycle(20)
    names = ["lxc_cpu_seconds_total", "lxc_network_receive_bytes_total", "lxc_cpu_limit_cores"]
    metrics = "&".join(f"metric={name}" for name in names)
    url = f"/api/containers/web/series?{metrics}&step=raw&rate={rate}&since="
    short = written.get(url + "40s")
    monkeypatch.setattr(answers, "recent_series", lambda *_: None)
    long = written.fresh_client().get(url + "40s").get_json()
    assert short["time"] == long["time"]
    key = lambda one: (one["metric"], sorted(one["labels"].items()))  # noqa: E731 - used twice here
    assert sorted(short["series"], key=key) == sorted(long["series"], key=key)
    assert len(short["time"]) == 9


def test_steps_of_a_counter_give_its_rate(written: Written) -> None:
    written.cycle(40)
    url = "/api/containers/web/series?metric=lxc_cpu_usage_seconds_total&rate=1&since=2m&step=20s"
    (one,) = written.get(url)["series"]
    assert one["values"] == pytest.approx([0.25] * len(one["values"]))
    assert len(one["values"]) in (6, 7)


def test_an_agent_that_comes_back_is_followed_on(written: Written) -> None:
    written.cycle(3)
    written.close()
    assert written.get("/api/containers")["cycle"]["seq"] == 3
    written._open()
    written.cycle(2)
    assert written.get("/api/containers")["cycle"]["seq"] == 5


def test_a_file_that_is_no_store_is_told_and_recovered_from(written: Written) -> None:
    written.cycle(2)
    written.close()
    kept = written.path.read_bytes()
    written.path.write_bytes(b"not a database at all, whatever its name is\n" * 50)
    answer = written.client.get("/api/containers")
    assert answer.status_code == 503
    assert "not a SQLite database" in answer.get_json()["error"]
    written.path.write_bytes(kept)
    written._open()
    written.cycle()
    assert written.get("/api/containers")["cycle"]["seq"] == 3


def test_hostile_names_come_through_the_store(world: Any, written: Written) -> None:
    world.names = ["<b>", "new\nline", "odd\udcff", "容器"]
    written.cycle(2)
    found = written.get("/api/containers")["containers"]
    assert {one["name"] for one in found} == {"<b>", "new\nline", "odd\ufffd", "容器"}
    for one in found:
        assert written.client.get(f"/api/containers/{one['path']}").status_code == 200
    assert written.client.get("/metrics").status_code == 200
