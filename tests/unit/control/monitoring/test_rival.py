import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.monitoring.rival import Claim, rivals

HOST_ID = 7_210_100 + os.getpid()
"""Of nobody else on this machine."""
Client = subprocess.Popen[bytes]


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Client]:
    """A process that looks like OpenNebula's client of HOST_ID."""
    script = tmp_path / "monitord-client.rb"
    script.write_text("import time\nprint(flush=True)\ntime.sleep(600)\n")
    argv = [sys.executable, str(script), "lxc", str(HOST_ID), "localhost"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_it_is_known_by_its_host_id(stock: Client) -> None:
    assert rivals(HOST_ID) == {stock.pid}
    assert rivals(HOST_ID - 1) == set()


def test_taking_the_claim_ends_it(stock: Client, tmp_path: Path) -> None:
    claim = Claim(HOST_ID, tmp_path)
    claim.take()
    assert stock.wait(60) != 0
    assert not claim.is_lost()
    claim.give_back()
    assert list(tmp_path.glob("*.pid")) == []


def test_a_new_one_takes_it_back(stock: Client, tmp_path: Path) -> None:
    claim = Claim(HOST_ID, tmp_path)
    file = tmp_path / f"one-monitord-{HOST_ID}.pid"
    assert not claim.is_lost(), "there is no file yet"
    file.write_text(f"{os.getpid()}\n")
    assert not claim.is_lost(), "the file names us"
    file.write_text(f"{stock.pid}\n")
    assert claim.is_lost()
    claim.give_back()
    assert file.exists(), "it is not ours any more"


@pytest.mark.parametrize("text", ["", "x", "1", "-5", "99999999999999"])
def test_what_names_no_client_changes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / f"one-monitord-{HOST_ID}.pid").write_text(text)
    assert not Claim(HOST_ID, tmp_path).is_lost()


def test_a_file_of_another_user_is_not_believed(stock: Client, tmp_path: Path) -> None:
    assert os.geteuid() == 0, "this test needs root: run it with sudo"
    file = tmp_path / f"one-monitord-{HOST_ID}.pid"
    file.write_text(f"{stock.pid}\n")
    os.chown(file, 65534, -1)
    assert not Claim(HOST_ID, tmp_path).is_lost()
