"""Pure: on which line of a TOML text each key stands. tomllib does not tell.

The text is known to be valid TOML; the scan only tells keys from values, so it needs to know
strings, brackets and comments, and nothing of what values mean.
"""

import re
from collections.abc import Iterator

Key = tuple[str, ...]

_KEY_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_VALUE_PIECE = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'|#[^\n]*|[\[\]{}\n]|[^\"'#\[\]{}\n]+",
    re.DOTALL,
)


def lines(text: str) -> dict[Key, int]:
    """Every key and table of `text` with its line, the first being 1.

    Keys inside an inline table stand where the table's own key stands and are not listed.
    """
    found: dict[Key, int] = {}
    table: Key = ()
    for position, key, is_table in _keys(text):
        full = key if is_table else table + key
        table = key if is_table else table
        line = text.count("\n", 0, position) + 1
        for length in range(1, len(full) + 1):
            found.setdefault(full[:length], line)
    return found


def line_of(found: dict[Key, int], key: Key) -> int:
    """The line of `key`, or of the nearest table around it that has one; 1 if none has."""
    while key and key not in found:
        key = key[:-1]
    return found.get(key, 1)


def _keys(text: str) -> Iterator[tuple[int, Key, bool]]:
    """(offset, key, is a table header) of each statement."""
    position = 0
    while position < len(text):
        start = position
        if text[position] in " \t\r\n":
            position += 1
        elif text[position] == "#":
            position = _line_end(text, position)
        elif text[position] == "[":
            key, _ = _dotted_key(text, position + text[position:].startswith("[[") + 1)
            position = _line_end(text, position)
            yield start, key, True
        else:
            key, position = _dotted_key(text, position)
            position = _value_end(text, position)
            yield start, key, False


def _dotted_key(text: str, position: int) -> tuple[Key, int]:
    parts = []
    while match := _KEY_PART.match(text, position):
        parts.append(match[1] or match[2] or match[3] or "")
        position = match.end()
        if text[position : position + 1] != ".":
            break
        position += 1
    return tuple(parts), position


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _value_end(text: str, position: int) -> int:
    depth = 0
    for match in _VALUE_PIECE.finditer(text, position):
        piece = match[0]
        depth += (piece in "[{") - (piece in "]}")
        if piece == "\n" and depth == 0:
            return match.end()
    return len(text)
