"""Pure: rows of the head turned into columns."""

from array import array
from collections.abc import Callable, Container, Iterator, Sequence

from collector.model import MISSING
from collector.store.frame import VALUE, Streams, key


def streams_of(
    rows: Sequence[tuple[int, bytes]],
    cids_of: Callable[[int], Sequence[int]],
    wanted: Container[int] | None = None,
) -> Streams:
    """The wanted columns of an entity's (layout, doubles); missing where a layout lacks one."""
    lids = dict.fromkeys(lid for lid, _ in rows)
    if len(lids) == 1:
        return dict(_columns([b for _, b in rows], cids_of(rows[0][0]), wanted))
    streams: Streams = {}
    for lid in lids:
        places = [place for place, row in enumerate(rows) if row[0] == lid]
        for name, values in _columns([rows[p][1] for p in places], cids_of(lid), wanted):
            whole = streams.setdefault(name, array("d", [MISSING]) * len(rows))
            for place, value in zip(places, values, strict=True):
                whole[place] = value
    return streams


def _columns(
    rows: Sequence[bytes], cids: Sequence[int], wanted: Container[int] | None
) -> Iterator[tuple[int, "array[float]"]]:
    """(stream, values) of the wanted columns of rows of one layout."""
    table = array("d", b"".join(rows))
    for place, cid in enumerate(cids):
        if wanted is None or cid in wanted:
            yield key(cid, VALUE), table[place :: len(cids)]
