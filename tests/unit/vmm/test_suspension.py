"""Which frozen container may go on: the one that still has its VM's own images open."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vmm import attachments, attempt, suspension
from vmm.attachments import Attachment
from vmm.errors import DriverError
from vmm.lean.value import replace
from vmm.state import State


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.0"
    path.touch()
    return path


@pytest.fixture
def container(tmp_path: Path, image: Path) -> Any:
    state = State(str(tmp_path / "one-7"))
    state.create()
    status = image.stat()
    which = (status.st_dev, status.st_ino)
    boot_id = attempt.boot_id()
    found = Attachment(0, "raw", "loop9", (7, 9), 3, str(image), which, boot_id)
    attachments.save(state, [found])
    return SimpleNamespace(state=state)


def test_with_its_own_images(container: Any) -> None:
    assert suspension.can_go_on(container)


def test_images_that_were_moved_or_came_back_as_others(container: Any, image: Path) -> None:
    image.rename(image.with_suffix(".old"))
    assert not suspension.can_go_on(container)
    image.touch()
    assert not suspension.can_go_on(container)
    image.unlink()
    image.symlink_to(image.with_suffix(".old"))
    assert not suspension.can_go_on(container), "deploy resolves links before it records a path"


def test_what_was_recorded_before_a_restart_of_the_node(container: Any) -> None:
    (found,) = attachments.load(container.state)
    attachments.save(container.state, [replace(found, boot_id="another")])
    assert not suspension.can_go_on(container)
    attachments.save(container.state, [])
    assert not suspension.can_go_on(container)


def test_what_entered_a_frozen_container_may_take_a_moment_to_freeze(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = [True, False, False]
    frozen = SimpleNamespace(name="one-7", cgroups=SimpleNamespace(frozen=said.pop))
    suspension._require_frozen(frozen)  # type: ignore[arg-type]  # all that it asks
    assert said == []
    monkeypatch.setattr(suspension, "FROZEN_SECONDS", 0.1)
    runs = SimpleNamespace(name="one-7", cgroups=SimpleNamespace(frozen=lambda: False))
    with pytest.raises(DriverError, match="runs on though LXC says that it is frozen"):
        suspension._require_frozen(runs)  # type: ignore[arg-type]  # all that it asks
