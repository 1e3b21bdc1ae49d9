import pytest

from collector.record import Record


class Pair(Record):
    """Two."""

    first: int
    second: str = "b"


def test_fields_in_order_or_by_name() -> None:
    assert Pair(1) == Pair(first=1, second="b") != Pair(2)
    assert (Pair(1, "c").first, Pair(1, "c").second) == (1, "c")
    assert repr(Pair(1)) == "Pair(first=1, second='b')"
    assert len({Pair(1), Pair(1)}) == 1


def test_what_does_not_fit_is_refused() -> None:
    for values, named in [((), {}), ((1, "b", 3), {}), ((1,), {"third": 3})]:
        with pytest.raises(TypeError, match="first, second"):
            Pair(*values, **named)  # type: ignore[arg-type]  # that is the point


def test_it_stays_as_it_is() -> None:
    with pytest.raises(AttributeError, match="cannot be changed"):
        Pair(1).first = 2  # type: ignore[misc]  # that is the point
