"""One subject with its open groups: read every cycle, one row each time."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Generic

from collector.group import Gone, Group, Part, Source, Subject
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
        self._parts: list[Part] = []
        self._row = Row(entity, generation, (), array("d"))
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
                self._parts.append(((), ()))

    def read(self) -> Row:
        """The row of this cycle, the one before while nothing changed. Gone when it ended."""
        parts, changed, laid_out_anew = self._parts, False, False
        for index, source in enumerate(self._sources):
            try:
                part = source.read()
            except Gone:
                raise
            except Exception as error:
                self._stats.failed(self._names[index], error)
                columns = parts[index][0]
                part = columns, (MISSING,) * len(columns)
            if part is not parts[index]:
                laid_out_anew |= part[0] is not parts[index][0]
                parts[index] = part
                changed = True
        if changed:
            columns = self._row.columns
            if laid_out_anew:
                columns = self._layouts.join([columns for columns, _ in parts])
            values: list[float] = []
            for _, part_values in parts:
                values += part_values
            # Doubles, as the store keeps them.
            self._row = Row(self.entity, self.generation, columns, array("d", values))
        return self._row

    def close(self) -> None:
        """Close every source, each once."""
        while self._sources:
            source = self._sources.pop()
            try:
                source.close()
            except OSError as error:
                self._stats.failed(self._names[len(self._sources)], error)
