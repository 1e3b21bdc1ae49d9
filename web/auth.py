"""Who may ask: where the page may listen, the token, the Host header, the security headers."""

import base64
import binascii
import hmac
import ipaddress
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

SHORTEST_TOKEN = 16
LAST_PORT = 65535
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class AuthError(Exception):
    """The page cannot start as configured; the text says what to change."""


def listen_address(listen: str, token: str) -> tuple[str, int]:
    """The host and port of "HOST:PORT"; AuthError for an open address without a token."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= LAST_PORT:
        raise AuthError(f"page.listen = {listen!r}: write ADDRESS:PORT, like 127.0.0.1:8642")
    if not is_loopback(host) and not token:
        raise AuthError(
            f"page.listen = {listen!r} can be reached from other machines: set page.token_file "
            "to a file that holds a token, or listen on 127.0.0.1"
        )
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine alone. Names but localhost count as reachable."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """The first line of `path`; AuthError for a file that others may read or without a token."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            first = file.readline(4096).decode("ascii").strip()
    except OSError as error:
        raise AuthError(f"page.token_file {path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise AuthError(f"page.token_file {path}: the token must be ASCII") from None
    if mode & (stat.S_IRWXO):
        raise AuthError(f"page.token_file {path}: others can read it: chmod 0640 {path}")
    if len(first) < SHORTEST_TOKEN:
        raise AuthError(
            f"page.token_file {path}: a token has at least {SHORTEST_TOKEN} characters: "
            f"openssl rand -hex 24 > {path}"
        )
    return first


def token_of(authorization: str) -> str:
    """The secret in an Authorization header: Bearer's, or Basic's password; "" without one."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return pair.partition(":")[2]


def allowed(authorization: str, token: str) -> bool:
    """Whether the request carries the token, compared in constant time; all do without one."""
    if not token:
        return True
    given = token_of(authorization)
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def host_allowed(host_header: str, names: tuple[str, ...]) -> bool:
    """Whether the Host header is this machine's: another name is a web site's that resolves here.

    Such a site (DNS rebinding) could read the page through its visitor's browser.
    """
    try:
        host = urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return False
    return is_loopback(host) or host in names
