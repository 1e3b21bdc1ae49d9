"""Who may listen where, who may ask, and what every answer carries."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from web import auth

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8642", ("127.0.0.1", 8642)),
        ("localhost:1", ("localhost", 1)),
        ("[::1]:8642", ("::1", 8642)),
        ("127.9.9.9:80", ("127.9.9.9", 80)),
    ],
)
def test_loopback_needs_no_token(listen: str, address: tuple[str, int]) -> None:
    assert auth.listen_address(listen, "") == address


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:8642", "[::]:8642", "192.168.1.4:8642", "node-1:8642", "[::ffff:1.2.3.4]:1"]
)
def test_an_open_address_needs_a_token(listen: str) -> None:
    with pytest.raises(auth.AuthError, match="token_file"):
        auth.listen_address(listen, "")
    assert auth.listen_address(listen, TOKEN)[1] > 0


@pytest.mark.parametrize("listen", ["8642", ":8642", "127.0.0.1:", "127.0.0.1:http", "a:70000"])
def test_a_bad_address_says_how_to_write_one(listen: str) -> None:
    with pytest.raises(auth.AuthError, match=r"127\.0\.0\.1:8642"):
        auth.listen_address(listen, TOKEN)


def test_the_token_is_read_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o640)
    assert auth.read_token(path) == TOKEN
    path.chmod(0o644)
    with pytest.raises(auth.AuthError, match="chmod 0640"):
        auth.read_token(path)


@pytest.mark.parametrize("content", [b"", b"short", b" \n", "päss".encode() * 8])
def test_a_token_too_short_or_odd_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(auth.AuthError, match=str(path)):
        auth.read_token(path)


def test_a_missing_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(auth.AuthError, match="No such file"):
        auth.read_token(tmp_path / "none")


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"any:{password}".encode()).decode()


@pytest.fixture
def locked(world: Any) -> Any:
    world.settings = replace(world.settings, token=TOKEN)
    world.cycle(2)
    return world.client()


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN)])
@pytest.mark.parametrize("path", ["/", "/api/containers", "/metrics"])
def test_the_token_opens(locked: Any, path: str, given: str) -> None:
    assert locked.get(path, headers={"Authorization": given}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        basic("wrong"),
        "Basic %%%",
        TOKEN,
        "Bearer ü",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/containers", "/metrics", "/static/js/poll.js", "/x"])
def test_nothing_else_does(locked: Any, path: str, given: str) -> None:
    answer = locked.get(path, headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "token" in answer.get_json()["error"]


def test_health_is_open_to_all(locked: Any) -> None:
    assert locked.get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "localhost", "localhost:9999", "[::1]:8642"])
def test_this_machines_names_are_served(world: Any, host: str) -> None:
    world.cycle()
    assert world.client().get("/api/containers", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8642", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_a_rebound_name_is_refused(world: Any, host: str) -> None:
    world.cycle()
    answer = world.client().get("/api/containers", headers={"Host": host})
    assert answer.status_code in (400, 421)


def test_a_listed_name_is_served(world: Any) -> None:
    world.settings = replace(world.settings, hosts=("node-1.example",))
    world.cycle()
    headers = {"Host": "node-1.example:8642"}
    assert world.client().get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/containers", "/metrics", "/nope", "/static/js/dom.js"])
def test_every_answer_is_hardened(world: Any, path: str) -> None:
    world.cycle()
    answer = world.client().get(path)
    answer.close()
    headers = answer.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_the_token_is_in_no_repr(world: Any) -> None:
    assert TOKEN not in repr(replace(world.settings, token=TOKEN))
