import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from im_probes.wire import MessageType, message, public_key

Read = Callable[..., tuple[str, str, int, int, str]]

CAPTURED = Path(__file__).parents[2] / "opennebula/im/wire-messages.txt"


def captured() -> list[tuple[bytes, str]]:
    """(message, its text) of each datagram and stream recorded at a real monitord."""
    parts = re.split(r"^--- (?:TCP|UDP) .*\n", CAPTURED.read_text(), flags=re.M)[1:]
    halves = (re.split(r"^--- decoded payload.*\n", part, flags=re.M) for part in parts)
    return [
        (raw.strip().encode(), re.split(r"^\s+-+ ", text, flags=re.M)[0]) for raw, text in halves
    ]


@pytest.mark.parametrize(("raw", "_text"), captured())
def test_ours_reads_like_the_captured_message(monitord_reads: Read, raw: bytes, _text: str) -> None:
    kind, outcome, host_id, epoch, text = monitord_reads(raw)
    assert outcome == "SUCCESS"
    again = monitord_reads(message(MessageType(kind), host_id, epoch, text))
    assert again == (kind, outcome, host_id, epoch, text)


@pytest.mark.parametrize("length", [0, 1, 244, 245, 246, 5_000])
def test_sealed_with_monitords_key(monitord_reads: Read, length: int) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    key = public_key(pem.replace("\n", " "))
    raw = message(MessageType.MONITOR_HOST, 3, 9, "x" * length, key=key, success=False)
    assert monitord_reads(raw, private) == ("MONITOR_HOST", "FAILURE", 3, 9, "x" * length)


@pytest.mark.parametrize("pem", ["", "ssh-rsa AAAA", "-----BEGIN RSA PUBLIC KEY-----"])
def test_a_key_that_is_none_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match="PUBKEY"):
        public_key(pem)


@given(st.text(st.characters()), st.booleans())
def test_any_error_text_arrives(monitord_reads: Read, text: str, success: bool) -> None:
    raw = message(MessageType.MONITOR_HOST, 3, 9, text, success=success)
    *_, arrived = monitord_reads(raw)
    assert arrived == text.encode("utf-8", "replace").decode()
