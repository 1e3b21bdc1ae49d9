"""What scripts/capture takes of a container's cgroups."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts/capture"


@pytest.fixture(scope="module")
def capture() -> ModuleType:
    loader = SourceFileLoader("capture_script", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("of_init", "of_lxc"),
    [
        ("/lxc.payload.one-12/init.scope", "/lxc.payload.one-12"),
        ("/lxc.payload.one-7", "/lxc.payload.one-7"),
        ("/lxc/web/init.scope", "/lxc/web"),
        ("/machine.slice/lxc.payload.web/init.scope", "/machine.slice/lxc.payload.web"),
        ("/user.slice/user-0.slice", "/user.slice/user-0.slice"),
    ],
)
def test_a_containers_cgroup_is_the_one_lxc_made(
    capture: ModuleType, of_init: str, of_lxc: str
) -> None:
    assert capture.payload_of(of_init) == of_lxc


def test_the_way_to_init_is_taken_whole_and_the_rest_by_its_processes(
    capture: ModuleType, tmp_path: Path
) -> None:
    payload = tmp_path / "tree/lxc.payload.one-12"
    for below in ("", "init.scope", "system.slice/ssh.service"):
        (payload / below).mkdir(parents=True, exist_ok=True)
        for name in ("cgroup.procs", "memory.current", "cpuset.cpus"):
            (payload / below / name).write_text("1\n", encoding="ascii")
    into = capture.Capture(tmp_path / "into")
    capture.cgroups(into, str(tmp_path / "tree"), "/lxc.payload.one-12/init.scope")
    taken = tmp_path / "into" / str(payload).lstrip("/")
    assert sorted(str(f.relative_to(taken)) for f in taken.rglob("*") if f.is_file()) == [
        "cgroup.procs",
        "init.scope/cgroup.procs",
        "init.scope/memory.current",
        "memory.current",
        "system.slice/ssh.service/cgroup.procs",
    ]


@pytest.mark.parametrize("complete", [True, False])
def test_the_old_recording_stays_until_the_new_one_is_whole(
    capture: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    into = tmp_path / "recorded"
    into.mkdir()
    (into / "manifest.json").write_text("old", encoding="ascii")

    def record(capturing: Any, _pids: dict[str, int]) -> None:
        capturing.into.mkdir()
        if not complete:
            raise OSError("the disk is full")
        (capturing.into / "manifest.json").write_text("new", encoding="ascii")

    monkeypatch.setattr(capture, "record", record)
    monkeypatch.setattr(capture, "init_pid", lambda *_: 1)
    monkeypatch.setattr(capture.os, "geteuid", lambda: 0)
    monkeypatch.setattr("sys.argv", ["capture", "--into", str(into), "one-7"])
    if complete:
        capture.main()
    else:
        with pytest.raises(OSError, match="full"):
            capture.main()
    assert (into / "manifest.json").read_text("ascii") == ("new" if complete else "old")
    assert [path.name for path in tmp_path.iterdir()] == ["recorded"]
