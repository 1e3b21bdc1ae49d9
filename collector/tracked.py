"""One subject with its open groups: read every cycle, one row each time."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Generic

from collector.group import Gone, Group, Source, Subject
from collector.model import MISSING, Columns, Entity, Row
from collector.stats import Stats

_LAYOUTS_MAX = 1024


class Layouts:
    """The joined columns of groups: one object for all rows that have the same ones."""

    def __init__(self) -> None:
        self._joined: dict[tuple[Columns, ...], Columns] = {}

    def join(self, parts: Sequence[Columns]) -> Columns:
        """`parts` in a row; the same tuple as before for equal parts."""
        key = tuple(parts)
        if key not in self._joined:
            if len(self._joined) >= _LAYOUTS_MAX:
                self._joined.clear()
            self._joined[key] = tuple(column for part in key for column in part)
        return self._joined[key]


class Tracked(Generic[Subject]):
    """The open sources of one container, of the host, or of the collector itself.

    A group that fails keeps its columns with MISSING for this cycle: the layout stays, the others
    are unaffected, the error is counted. A group that could not be opened is tried again when
    `retry` is called.
    """

    def __init__(  # noqa: PLR0913, PLR0917 what a row is of, and what all rows share
        self,
        subject: Subject,
        entity: Entity,
        generation: int,
        groups: Mapping[str, Group[Subject]],
        stats: Stats,
        layouts: Layouts,
    ) -> None:
        self.subject, self.entity, self.generation = subject, entity, generation
        self._stats, self._layouts = stats, layouts
        self._unopened = dict(groups)
        self._names: list[str] = []
        self._sources: list[Source] = []
        self._parts: list[Columns] = []
        self._columns: Columns = ()
        try:
            self.retry()
        except BaseException:
            self.close()
            raise

    def retry(self) -> None:
        """Open what is not open yet; Gone when the subject ended meanwhile."""
        for name, group in list(self._unopened.items()):
            try:
                source = group.open(self.subject)
            except Gone:
                raise
            except Exception as error:
                self._stats.failed(name, error)
                continue
            del self._unopened[name]
            if source is not None:
                self._names.append(name)
                self._sources.append(source)
                self._parts.append(())

    def read(self) -> Row:
        """The row of this cycle; Gone when the subject ended."""
        values: list[float] = []
        parts = self._parts
        changed = False
        for index, source in enumerate(self._sources):
            start = len(values)
            try:
                columns = source.read(values)
            except Gone:
                raise
            except Exception as error:
                self._stats.failed(self._names[index], error)
                del values[start:]
                values.extend([MISSING] * len(parts[index]))
                continue
            if columns is not parts[index]:
                parts[index] = columns
                changed = True
        if changed:
            self._columns = self._layouts.join(parts)
        # As the store keeps them: converted now, while each is in the processor's cache, they cost
        # a fifth of what they do when all rows are read.
        return Row(self.entity, self.generation, self._columns, array("d", values))

    def close(self) -> None:
        """Close every source, each once."""
        while self._sources:
            source = self._sources.pop()
            try:
                source.close()
            except OSError as error:
                self._stats.failed(self._names[len(self._sources)], error)
