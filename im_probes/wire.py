"""Pure: one message to monitord, `TYPE SUCCESS|FAILURE HOST_ID EPOCH PAYLOAD`.

PAYLOAD is base64(zlib(text)); with a key the text is first encrypted, RSA PKCS#1 v1.5 block by
block (OpenNebula src/monitor, Message.h). monitord reads one datagram, or one TCP connection
closed by the sender.
"""

import re
import zlib
from base64 import b64encode
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

PKCS1_V15_OVERHEAD = 11
"""Bytes of padding in every RSA block."""

_PEM = re.compile(r"-+BEGIN RSA PUBLIC KEY-+([^-]*)-+END RSA PUBLIC KEY-+")


class MessageType(StrEnum):
    """What monitord accepts on its port, by UDP and by TCP alike."""

    MONITOR_VM = "MONITOR_VM"
    BEACON_HOST = "BEACON_HOST"
    MONITOR_HOST = "MONITOR_HOST"
    SYSTEM_HOST = "SYSTEM_HOST"
    STATE_VM = "STATE_VM"
    EXEC_VM = "EXEC_VM"


def message(  # noqa: PLR0913 - the wire format has this many fields
    kind: MessageType,
    host_id: int,
    epoch: int,
    text: str,
    *,
    success: bool = True,
    key: "RSAPublicKey | None" = None,
) -> bytes:
    """The bytes to send. `epoch` in unix seconds: monitord drops what is older than its last."""
    outcome = "SUCCESS" if success else "FAILURE"
    payload = b64encode(zlib.compress(_sealed(text.encode("utf-8", "replace"), key)))
    return f"{kind} {outcome} {host_id} {epoch} ".encode("ascii") + payload


def public_key(pem: str) -> "RSAPublicKey":
    """The key of monitord's configuration, whose line breaks XML has turned into spaces.

    Raises ValueError where it is not an RSA public key in PEM.
    """
    # 40 ms of import that a host without a key need not pay.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found = _PEM.search(pem)
    if not found:
        raise ValueError("NETWORK/PUBKEY is not an RSA public key in PEM (BEGIN RSA PUBLIC KEY)")
    body = "\n".join(found[1].split())
    text = f"-----BEGIN RSA PUBLIC KEY-----\n{body}\n-----END RSA PUBLIC KEY-----\n"
    key = load_pem_public_key(text.encode("ascii"))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("NETWORK/PUBKEY holds a key that is not RSA")  # noqa: TRY004
    return key


def _sealed(text: bytes, key: "RSAPublicKey | None") -> bytes:
    if key is None:
        return text
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    size = key.key_size // 8 - PKCS1_V15_OVERHEAD
    blocks = (text[at : at + size] for at in range(0, len(text), size))
    return b"".join(key.encrypt(block, PKCS1v15()) for block in blocks)
