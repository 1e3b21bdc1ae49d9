import importlib
import json
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.lean import brief_json

ROOT = Path(__file__).parents[4]
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
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    with pytest.raises(json.JSONDecodeError) as told:
        brief_json.loads(text)
    assert str(told.value) == str(expected.value)


def test_it_is_refused_too_where_nobody_has_imported_json() -> None:
    program = f"""
import sys
sys.path.append({str(ROOT)!r})
from vmm.lean import brief_json
for text in ("", "{{", "[1", "{{}} {{}}"):
    assert "json" not in sys.modules
    try:
        brief_json.loads(text)
    except ValueError:
        for name in [name for name in sys.modules if name.startswith("json")]:
            del sys.modules[name]
    else:
        raise AssertionError(text)
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


def test_an_interpreter_without_the_parts_has_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    try:
        without = importlib.reload(brief_json)
        assert (without.loads, without.dumps) == (json.loads, json.dumps)
    finally:
        monkeypatch.undo()
        importlib.reload(brief_json)
    assert brief_json.loads is not json.loads
