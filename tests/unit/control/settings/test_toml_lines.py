import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from control.settings.toml_lines import Key, line_of, lines

TEXT = '''\
# a = 1
top = 1
"quoted key" . 'b.c' = """x
[not.a.table]
""" # c
[one]
list = [ # ]
  "]", \'\'\'
[nor.this]\'\'\',
  { x = 1 },
]
after = "#\\"" # x
[ two . "three" ]
inline = { a = { b = 1 } }
[[many]]
k = 1
'''


def test_where_keys_stand() -> None:
    found = lines(TEXT)
    assert found == {
        ("top",): 2,
        ("quoted key",): 3,
        ("quoted key", "b.c"): 3,
        ("one",): 6,
        ("one", "list"): 7,
        ("one", "after"): 12,
        ("two",): 13,
        ("two", "three"): 13,
        ("two", "three", "inline"): 14,
        ("many",): 15,
        ("many", "k"): 16,
    }


def test_a_key_of_an_inline_table_stands_where_its_table_does() -> None:
    assert line_of(lines(TEXT), ("two", "three", "inline", "a", "b")) == 14


def test_an_unknown_place_is_the_first_line() -> None:
    assert line_of({}, ("x",)) == 1


VALUES = st.sampled_from(
    ["1", "true", '"a#]"', "'['", '"""\n[t]\n"""', "'''\nk = 1\n'''", "[1, # [\n 2]", "{a = '}'}"]
)


@given(st.lists(st.tuples(st.booleans(), VALUES), max_size=12))
def test_every_key_is_found_on_the_line_it_was_written_on(
    statements: list[tuple[bool, str]],
) -> None:
    text, expected = "", {}
    table: Key = ()
    for number, (is_table, value) in enumerate(statements):
        line = text.count("\n") + 1
        if is_table:
            table = (f"t{number}",)
            text += f"[t{number}] # x = [\n"
            expected[table] = line
        else:
            text += f"k{number} = {value} # ]\n\n"
            expected[*table, f"k{number}"] = line
    assert lines(text) == expected
    assert set(expected) >= set(_flat(tomllib.loads(text)))


def _flat(table: dict[str, object]) -> Iterator[Key]:
    for key, value in table.items():
        if isinstance(value, dict) and key.startswith("t"):
            yield (key,)
            yield from ((key, inner) for inner in value)
        else:
            yield (key,)
