from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im_probes import template

Parse = Callable[[str], Any]


def test_an_attribute_and_a_vector(oned_parses: Parse) -> None:
    text = template.attribute("ARCH", "x86_64") + template.vector("VM", [("ID", 7), ("B", 'a"b')])
    assert oned_parses(text) == [("ARCH", "x86_64"), ("VM", {"ID": "7", "B": 'a"b'})]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("ends in a backslash\\", "ends in a backslash\\ "),
        ('\\"', '\\"'),
        ("a]]>b", "a]] >b"),
        ("nul\0byte", "nul�byte"),
        ("two\nlines", "two\nlines"),
        ("# no comment", "# no comment"),
    ],
)
def test_what_the_syntax_cannot_say_is_altered_least(
    oned_parses: Parse, value: str, kept: str
) -> None:
    after = template.attribute("NEXT", "1")
    assert oned_parses(template.attribute("A", value) + after) == [("A", kept), ("NEXT", "1")]


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_no_value_escapes_its_quotes(oned_parses: Parse, values: list[str]) -> None:
    pairs = [(f"K{n}", value) for n, value in enumerate(values)]
    text = template.vector("V", pairs) + template.attribute("AFTER", "1")
    (name, kept), after = oned_parses(text)
    assert (name, after) == ("V", ("AFTER", "1"))
    assert list(kept) == [key for key, _ in pairs]
    plain = [v for v in values if v.isalnum() and v.isascii()]
    assert [kept[k] for k, v in pairs if v in plain] == [v for _, v in pairs if v in plain]


def test_a_monitored_vm_carries_its_template_in_base64(oned_parses: Parse) -> None:
    inner = template.attribute("CPU", 12.5)
    ((name, pairs),) = oned_parses(template.monitored(7, "one-7", inner))
    assert (name, pairs["ID"], pairs["DEPLOY_ID"]) == ("VM", "7", "one-7")
    assert oned_parses(b64decode(pairs["MONITOR"]).decode()) == [("CPU", "12.5")]


@pytest.mark.parametrize("name", ["", "A B", "A-B", 'A="', "Ä"])
def test_a_name_outside_the_alphabet_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        template.attribute(name, 1)
