"""Immutable values whose classes are made at next to no cost, for what an action imports.

`@dataclass` compiles six functions for every class and imports inspect: for the classes of an
action that took two fifths of its imports. These are taken for dataclasses all the same
(`dataclasses.replace`, `asdict`, msgspec), which is prepared when something asks.
"""

from __future__ import annotations

from collector.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, TypeVar

    V = TypeVar("V", bound="Value")


class _Fields:
    """`__dataclass_fields__`, made at its first use."""

    def __get__(self, _value: object, kind: type[Value]) -> dict[str, Any]:
        import dataclasses

        described = dataclasses.make_dataclass(
            kind.__name__,
            [
                (name, hint, dataclasses.field(default=kind.__dict__[name]))
                if name in kind.__dict__
                else (name, hint)
                for name, hint in kind.__annotations__.items()
            ],
        )
        kind.__dataclass_fields__ = vars(described)["__dataclass_fields__"]
        return kind.__dataclass_fields__


class Value(Record):
    """A subclass's annotations are its fields, in order; a class attribute is a field's default."""

    # Not annotated at run time, where it would be a field.
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]
    else:
        __dataclass_fields__ = _Fields()


def replace(value: V, **changes: object) -> V:
    """As `dataclasses.replace`."""
    return type(value)(**{**vars(value), **changes})


def asdict(value: Any) -> Any:  # noqa: ANN401 - what is in a value: plain data
    """As `dataclasses.asdict`: values become dicts, also those in tuples and lists."""
    if isinstance(value, Value):
        return {name: asdict(part) for name, part in vars(value).items()}
    if isinstance(value, (tuple, list)):
        return type(value)(asdict(part) for part in value)
    return value
