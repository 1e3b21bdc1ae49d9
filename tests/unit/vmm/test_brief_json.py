import importlib
import json
import sys
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm import brief_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Word(StrEnum):
    LINE = "a\nline"


@given(VALUES)
def test_it_is_the_json_of_the_standard_library(value: Any) -> None:
    assert brief_json.dumps(value) == json.dumps(value)
    assert brief_json.loads(json.dumps(value, indent=1)) == value


def test_what_a_spec_is_made_of_is_written_as_there() -> None:
    value = {"word": Word.LINE, "tuple": (1, (), {}), "umlaut": "ü\x00"}
    assert brief_json.dumps(value) == json.dumps(value)
    with pytest.raises(TypeError, match="set is no JSON"):
        brief_json.dumps({"a": set()})


@pytest.mark.parametrize("text", ["", " ", "{", '{"a"', "[1,]", "{} {}", "nul", "\0", '"a\nb"'])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        brief_json.loads(text)


def test_an_interpreter_without_the_parts_has_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    try:
        without = importlib.reload(brief_json)
        assert (without.loads, without.dumps) == (json.loads, json.dumps)
    finally:
        monkeypatch.undo()
        importlib.reload(brief_json)
    assert brief_json.loads is not json.loads
