"""Pure: what the store knows → the entities that a question means, or the nearest right words."""

import difflib
from collections.abc import Collection, Iterable, Sequence

from collector.store import CatalogueEntry
from control.problem import Problem


def entities_with(
    metric: str, container: str | None, catalogue: Sequence[CatalogueEntry], defined: Iterable[str]
) -> list[CatalogueEntry]:
    """Every entity, or the one container, that ever had `metric`; a Problem names the nearest.

    `defined` are the metrics this version reads, for those that no container here has had.
    """
    if container is not None:
        catalogue = [_container(container, catalogue)]
    having = [entry for entry in catalogue if metric in _metrics(entry)]
    if not having:
        known = {name for entry in catalogue for name in _metrics(entry)}
        raise Problem(_no_metric(metric, container, known, set(defined)))
    return having


def _container(name: str, catalogue: Sequence[CatalogueEntry]) -> CatalogueEntry:
    known = {entry.entity.name: entry for entry in catalogue if entry.entity.kind == "container"}
    if name not in known:
        raise Problem(f"the store knows no container {name!r}{_nearest(name, known)}")
    return known[name]


def _metrics(entry: CatalogueEntry) -> set[str]:
    return {column.metric for column in entry.columns}


def _no_metric(metric: str, container: str | None, known: set[str], defined: set[str]) -> str:
    where = "in the store" if container is None else f"of container {container!r}"
    if not known:
        return "the store holds no reading yet: the agent's log tells whether it can store any"
    if metric in defined:
        return f"{metric} was never read {where}: this host or container does not have it"
    return f"there is no metric {metric!r} {where}{_nearest(metric, known)}"


def _nearest(name: str, known: Collection[str]) -> str:
    if not known:
        return ", it is empty"
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f", did you mean {' or '.join(near)}?" if near else f" ({len(known)} others are known)"
