"""What the routes answer: JSON bodies, computed once per cycle for all tabs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from collector.clock import Clock
from collector.store import CatalogueEntry, StoreError, StoreReader
from collector.sysfs import printable
from web import query, series, views
from web.charts import charts
from web.definitions import is_counter, unit
from web.driver import Driver
from web.live import Snapshot, Unreadable
from web.memo import Memo
from web.recent import recent_series
from web.settings import PageSettings
from web.state import State, key_of

Json = dict[str, Any]
_KEYS = {"self": "agent"}


class Answers:
    """One method per JSON route. They raise Unreadable (503) and query.Refused (4xx)."""

    def __init__(self, reader: StoreReader, settings: PageSettings, clock: Clock) -> None:
        self.state = State(reader, settings, clock)
        self._reader = reader
        self._now = clock.now
        self._interval_s = settings.interval_s
        self._bodies: Memo[msgspec.Raw] = Memo(64)
        self._driver = Driver(settings)

    def containers(self) -> Json:
        """The host and every container of the last cycle."""
        snapshot = self.state.snapshot()
        body = self.state.envelope(snapshot)
        if snapshot is None:
            return body | {"host": None, "containers": []}
        key = key_of(snapshot)
        return body | {
            "host": self._bodies.get(("host", key), lambda: _raw(views.host(snapshot))),
            "containers": self._bodies.get(
                ("containers", key), lambda: _raw(views.containers(snapshot))
            ),
        }

    def entity(self, kind: str, name: str | None) -> Json:
        """One entity: summary, readings, charts; of one that is gone, when it was last read."""
        snapshot = self.state.snapshot()
        entry = self.state.entry(kind, name)
        key = ("entity", kind, entry.entity.name, key_of(snapshot))
        parts = {
            "first_seen": entry.first_ms / 1000,
            "last_seen": entry.last_ms / 1000,
            "charts": [asdict(chart) for chart in charts(kind, entry.columns)],
        }
        if kind == "container":
            parts["driver"] = self._driver.tells(entry.entity.name)
        made = self._bodies.get(key, lambda: _raw(_summary(snapshot, entry)))
        return self.state.envelope(snapshot) | parts | {_KEYS.get(kind, kind): made}

    def series(self, kind: str, name: str | None, args: Mapping[str, Sequence[str]]) -> Json:
        """The series that `args` ask of one entity, on one time axis."""
        snapshot = self.state.snapshot()
        entry = self.state.entry(kind, name)
        now_ms = -(-self._now().wall_ms // 1000) * 1000  # so that tabs of one second share
        wanted = query.parse(args, now_ms, self._interval_s)
        known = dict.fromkeys(column.metric for column in entry.columns)
        for metric in wanted.metrics:
            if metric not in known:
                near = query.nearest(metric, known)
                raise query.Refused(404, f"{entry.entity.name} has no metric {metric[:80]!r}", near)
        span = wanted.span
        key = ("series", kind, entry.entity.name, wanted, key_of(snapshot))
        made = self._bodies.get(key, lambda: self._columns(entry, wanted))
        table = msgspec.json.decode(made, type=dict[str, msgspec.Raw])
        asked = {
            "since": span.since_ms / 1000,
            "until": span.until_ms / 1000,
            "step": span.step_ms / 1000,
        }
        return self.state.envelope(snapshot) | asked | table

    def _columns(self, entry: CatalogueEntry, wanted: query.SeriesQuery) -> msgspec.Raw:
        entity = entry.entity
        lead = series.lead_in(wanted.span, self._interval_s)
        try:
            found = recent_series(self._reader, entry, wanted.metrics, lead, self._interval_s)
            if found is None:
                found = self._reader.several(entity.kind, entity.name, wanted.metrics, lead)
        except (StoreError, OSError) as error:
            raise Unreadable(str(error), self._now()) from error
        made = series.table(
            found, wanted.span, lambda name: wanted.rate and is_counter(name), self._interval_s
        )
        columns = [
            {
                "metric": column.metric,
                "labels": dict(pair for pair in column.labels if pair not in entity.labels),
                "unit": _unit(column.metric, rate=wanted.rate),
                "values": column.values,
            }
            for column in made.columns
        ]
        return _raw({"time": made.time, "series": columns})


def _raw(body: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(body))


def _unit(metric: str, *, rate: bool) -> str:
    base = unit(metric)
    return f"{base or '1'}/s" if rate and is_counter(metric) else base


def _summary(snapshot: Snapshot | None, entry: CatalogueEntry) -> Json:
    """What the last cycle says of it, or its name alone with the state "gone"."""
    kind, name = entry.entity.kind, entry.entity.name
    reading = snapshot.readings.get((kind, name)) if snapshot else None
    if snapshot is None or reading is None:
        shown = {"name": printable(name), "path": views.path_of(name)}
        return shown | {"labels": views.printed(entry.entity.labels), "state": "gone"}
    history = snapshot.cpu_history.get((kind, name), ())
    summaries = {
        "container": lambda: views.container(reading, history),
        "host": lambda: views.host(snapshot) or {},
        "self": lambda: views.agent(reading),
    }
    return {**summaries[kind](), "readings": views.readings_of(reading)}
