"""Names and labels as SQLite keeps them: any text, lone surrogates of odd file names included."""

import json
from collections.abc import Sequence

from collector.model import Column, Labels


def escape(name: str) -> str:
    """A plain name as it is; anything else with JSON's escapes, so that it is always ASCII."""
    return json.dumps(name)[1:-1]


def unescape(text: str) -> str:
    """What `escape` was given."""
    return str(json.loads(f'"{text}"')) if "\\" in text else text


def dump_labels(labels: Labels) -> str:
    """Labels as a JSON list of pairs, in their order."""
    return json.dumps(labels, separators=(",", ":"))


def load_labels(text: str) -> Labels:
    """What `dump_labels` was given."""
    return tuple((str(name), str(value)) for name, value in json.loads(text))


def load_column(row: Sequence[str]) -> Column:
    """A column from its (metric, labels) as kept."""
    return Column(unescape(row[0]), load_labels(row[1]))
