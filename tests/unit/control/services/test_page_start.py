import logging
import socket
from pathlib import Path

import msgspec
import pytest
from support.port import reserved

from control.services import page_start
from control.settings.config import Config, PageSection


def config(**page: object) -> Config:
    return msgspec.convert({"page": page}, Config)


def test_a_page_that_is_turned_off_is_not_started() -> None:
    assert page_start.command_line(config(enabled=False), None) is None


def test_a_missing_user_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(page_start, "user_exists", lambda _: False)
    assert page_start.command_line(Config(), "/usr/bin/python3") is None
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "there is no user nebulxc; create it with `useradd" in record.getMessage()


def test_an_unsafe_environment_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(page_start, "user_exists", lambda _: True)
    assert page_start.command_line(Config(), str(tmp_path / "python3")) is None
    (record,) = caplog.records
    assert "the page does not run: " in record.getMessage()


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8642", "http://127.0.0.1:8642/"),
        ("0.0.0.0:80", "http://127.0.0.1:80/"),
        ("[::]:80", "http://[::1]:80/"),
    ],
)
def test_where_a_browser_finds_it(listen: str, url: str) -> None:
    assert page_start.url(Config(page=PageSection(listen=listen))) == url


def test_whether_something_listens() -> None:
    with reserved() as port:
        chosen = Config(page=PageSection(listen=f"127.0.0.1:{port}"))
        assert not page_start.answers(chosen)
        with socket.create_server(("127.0.0.1", port)):
            assert page_start.answers(chosen)
        assert not page_start.answers(chosen)
