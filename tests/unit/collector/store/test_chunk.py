"""Streams of a chunk come back by key, and equal ones are kept once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.store.chunk import Chunk, pack


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=20), min_size=1))
def test_streams_come_back_by_key(streams: dict[int, bytes]) -> None:
    chunk = Chunk(pack(streams))
    assert {key: chunk.get(key) for key in chunk.keys} == streams
    assert chunk.get(max(streams) + 1) is None


def test_equal_streams_take_their_bytes_once() -> None:
    one, three = pack({1: b"x" * 500}), pack({1: b"x" * 500, 2: b"x" * 500, 3: b"x" * 500})
    assert len(three) - len(one) < 30


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown format 9"):
        Chunk(b"\x09" + pack({1: b"x"})[1:])
