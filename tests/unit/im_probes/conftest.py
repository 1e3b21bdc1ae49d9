"""The other side of the wire, written from the protocol: what oned would keep."""

import re
import zlib
from base64 import b64decode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Template = list[tuple[str, str | dict[str, str]]]

# The rules of oned's lexer: a quoted string is the longest run of non-quotes and escaped quotes.
_TOKEN = re.compile(
    r'[ \t\n]*([A-Za-z0-9_]+)[ \t]*=[ \t]*(?:(\[)[ \t\n]*|("(?:\\"|[^"])*")|([^=#\s,\[\]]+))'
)
_PAIR = re.compile(
    r'[ \t\n]*([A-Za-z0-9_]+)[ \t]*=[ \t]*(?:("(?:\\"|[^"])*")|([^=#\s,\[\]]+))[ \t\n]*([,\]])'
)


def parse_template(text: str) -> Template:
    """Names and values as oned keeps them; raises ValueError where its grammar would refuse."""
    if any("]]>" in line for line in text.split("\n")):
        raise ValueError("]]> aborts the parser")
    found: Template = []
    at = 0
    while text[at:].strip(" \t\n"):
        token = _TOKEN.match(text, at)
        if not token:
            raise ValueError(f"syntax error at {text[at : at + 40]!r}")
        at = token.end()
        if token[2]:
            pairs, at = _pairs(text, at)
            found.append((token[1], pairs))
        else:
            found.append((token[1], _value(token[3], token[4])))
    return found


def _pairs(text: str, at: int) -> tuple[dict[str, str], int]:
    pairs: dict[str, str] = {}
    while True:
        pair = _PAIR.match(text, at)
        if not pair:
            raise ValueError(f"syntax error in a vector at {text[at : at + 40]!r}")
        pairs.setdefault(pair[1].upper(), _value(pair[2], pair[3]))
        at = pair.end()
        if pair[4] == "]":
            return pairs, at


def _value(quoted: str | None, bare: str) -> str:
    return bare if quoted is None else quoted[1:-1].replace('\\"', '"')


def open_message(raw: bytes, key: RSAPrivateKey | None = None) -> tuple[str, str, int, int, str]:
    """(type, outcome, host id, epoch, text) of one datagram or stream, as monitord reads it."""
    kind, outcome, host_id, epoch, payload = raw.split(b" ", 4)
    text = zlib.decompress(b64decode(payload))
    if key is not None:
        size = key.key_size // 8
        blocks = (text[at : at + size] for at in range(0, len(text), size))
        text = b"".join(key.decrypt(block, PKCS1v15()) for block in blocks)
    return kind.decode(), outcome.decode(), int(host_id), int(epoch), text.decode()


@pytest.fixture(scope="session")
def oned_parses() -> Callable[[str], Template]:
    return parse_template


@pytest.fixture(scope="session")
def monitord_reads() -> Callable[..., tuple[str, str, int, int, str]]:
    return open_message
