import os
from pathlib import Path

import pytest

from vmm import site
from vmm.errors import DriverError, NotFound
from vmm.nics import network


def test_whether_anyone_waits_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr(site, "STDOUT", writer)
    assert site.listening()
    os.close(reader)
    assert not site.listening()
    os.close(writer)
    with (tmp_path / "file").open("w") as file:
        monkeypatch.setattr(site, "STDOUT", file.fileno())
        assert site.listening()


def test_a_bridge_must_be_there_and_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "NET", str(tmp_path))
    (tmp_path / "br0/bridge").mkdir(parents=True)
    (tmp_path / "eth0").mkdir()
    network.require_bridge("br0", "linux")
    network.require_bridge("eth0", "openvswitch")
    with pytest.raises(NotFound, match="there is no bridge br1 on this host; OpenNebula"):
        network.require_bridge("br1", "linux")
    with pytest.raises(DriverError, match="eth0 is not a bridge"):
        network.require_bridge("eth0", "linux")
    network.remove_all((), ["one-7-0"])
