"""JSON by the interpreter's own scanner and encoder, without the package around them.

`import json` takes longer than all that a hook does: it compiles regular expressions, and pulls
in enum, functools and collections. Imported by hooks: keep it lean.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Functions = tuple[Callable[[str], Any], Callable[[object], str]]


class _Decoding:
    """What the scanner asks of a json.JSONDecoder: its defaults."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_int, parse_float, parse_constant = int, float, float


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"{type(value).__name__} is no JSON")


def _brief() -> Functions:
    """`loads` and `dumps`, where this interpreter has what they are made of."""
    import _json

    scan = _json.make_scanner(_Decoding)  # type: ignore[arg-type] # what it reads is there
    encode = _json.make_encoder(
        None, _refuse, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True
    )

    def loads(text: str) -> Any:  # noqa: ANN401 - JSON
        """The value that the text is; ValueError when it is none."""
        stripped = text.strip()
        try:
            value, end = scan(stripped, 0)
        except (StopIteration, SystemError):
            # Python 3.11 looks for the error to raise in a json.decoder that nobody has imported.
            end = -1
        if end != len(stripped):
            import json

            return json.loads(text)  # which says what is wrong with it
        return value

    def dumps(value: object) -> str:
        """The text of a value, as `json.dumps` has it."""
        return "".join(encode(value, 0))

    return loads, dumps


try:
    loads, dumps = _brief()
except (ImportError, AttributeError, TypeError):  # private: another version may do without
    import json

    loads, dumps = json.loads, json.dumps
