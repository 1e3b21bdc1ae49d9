"""Immutable records for what a short-lived process imports: dataclasses without their import.

`import dataclasses` takes longer than an empty Python (it pulls in inspect), which a probe that
lives for 30 ms would mostly consist of. Everything else uses dataclasses.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeVar, dataclass_transform

    Kind = TypeVar("Kind")
else:

    def dataclass_transform(**_options: object) -> Callable[[Kind], Kind]:
        """What the type checker understands; nothing at run time."""
        return lambda kind: kind


@dataclass_transform(frozen_default=True)
class Record:
    """A subclass's annotations are its fields, in order; a class attribute is a field's default."""

    def __init__(self, *values: object, **named: object) -> None:
        fields = self.__class__.__annotations__
        given = {**dict(zip(fields, values, strict=False)), **named}
        missing = [name for name in fields if name not in given and not hasattr(self, name)]
        if missing or len(values) > len(fields) or given.keys() - fields.keys():
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(fields)}")
        kind = type(self)
        self.__dict__.update({name: given.get(name, getattr(kind, name, None)) for name in fields})

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__annotations__)
        return f"{type(self).__name__}({shown})"

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__annotations__)
