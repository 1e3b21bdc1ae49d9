"""The page's process: starts, answers without a store, refuses in one sentence, ends in order."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.port import reserved

from control.problem import Problem
from control.services import page

CONFIG = '[store]\ndirectory = "{store}"\n[page]\nlisten = "{listen}"\n{more}'


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def configured(tmp_path: Path, listen: str, more: str = "") -> Path:
    path = tmp_path / "nebulxc.toml"
    path.write_text(CONFIG.format(store=tmp_path / "store", listen=listen, more=more))
    return path


def refusal(capsys: pytest.CaptureFixture[str], path: Path) -> str:
    assert page.main(["--config", str(path)]) == 1
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    return text


def test_a_used_port_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as port:
        text = refusal(capsys, configured(tmp_path, f"127.0.0.1:{port}"))
    assert f"127.0.0.1:{port} is in use" in text


def test_an_open_address_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = refusal(capsys, configured(tmp_path, "0.0.0.0:8642"))
    assert "token_file" in text


def test_a_missing_token_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = f'token_file = "{tmp_path}/token"'
    text = refusal(capsys, configured(tmp_path, "0.0.0.0:8642", more))
    assert f"{tmp_path}/token: cannot be read" in text


def test_an_address_of_another_machine() -> None:
    with pytest.raises(Problem, match="no address of this machine"):
        page.bound("192.0.2.1", 8642)


def status(url: str, authorization: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": authorization})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@contextmanager
def serving(
    tmp_path: Path, port: int, more: str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The page's process and its URL, once it answers."""
    path, url = configured(tmp_path, f"127.0.0.1:{port}", more), f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-c", "import control.services.page as p; raise SystemExit(p.main())"]
    process = subprocess.Popen([*argv, "--config", str(path)], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                status(f"{url}/healthz")
                break
            except OSError:
                assert time.monotonic() < deadline, "never answered"
                time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.communicate()


def test_it_answers_before_there_is_a_store_and_ends_in_order(tmp_path: Path) -> None:
    with reserved() as port, serving(tmp_path, port) as (process, url):
        code, body = status(f"{url}/healthz")
        assert (code, json.loads(body)["status"]) == (503, "unreadable")
        assert status(f"{url}/")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_with_a_token_it_asks_everybody(tmp_path: Path) -> None:
    token = "0123456789abcdef0123"
    (tmp_path / "token").write_text(f"{token}\nwhat follows does not count\n")
    (tmp_path / "token").chmod(0o600)
    more = f'token_file = "{tmp_path}/token"'
    with reserved() as port, serving(tmp_path, port, more) as (_, url):
        assert status(f"{url}/")[0] == 401
        assert status(f"{url}/", f"Bearer {token}")[0] == 200
