from pathlib import Path
from typing import Any

import pytest

from control.install.environment import Environment
from vmm.errors import CommandError


class Pip:
    """A host on which venv makes a directory, and pip does as it is told."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.told: list[tuple[str, ...]] = []

    def run(self, *argv: str, **_: object) -> str:
        self.told.append(argv)
        if "venv" in argv:
            (Path(argv[-1]) / "bin").mkdir(parents=True)
        elif self.fails:
            raise CommandError(argv, 1, "no matching distribution")
        return ""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout/web").mkdir(parents=True)
    (tmp_path / "checkout/pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return tmp_path / "checkout"


def environment(checkout: Path, pip: Any, wheels: Path | None = None) -> Environment:
    return Environment(checkout.parent / "opt", checkout, pip, wheels=wheels)


def test_it_is_made_once_and_anew_when_the_sources_changed(checkout: Path) -> None:
    one = environment(checkout, Pip())
    assert one.missing() == f"create the environment {one.path}"
    one.apply()
    assert one.missing() == ""
    assert (one.path / "bin/nebulxc").exists()
    (checkout / "web/new.py").write_text("", encoding="utf-8")
    assert one.missing() == f"renew the environment {one.path}"
    one.apply()
    assert one.missing() == ""
    assert sorted(path.name for path in checkout.parent.iterdir()) == ["checkout", "opt"]


def test_a_failure_leaves_the_former_one_and_nothing_beside_it(checkout: Path) -> None:
    environment(checkout, Pip()).apply()
    (checkout / "web/new.py").write_text("", encoding="utf-8")
    one = environment(checkout, Pip(fails=True))
    with pytest.raises(CommandError):
        one.apply()
    assert one.missing() == f"renew the environment {one.path}"
    assert sorted(path.name for path in checkout.parent.iterdir()) == ["checkout", "opt"]


def test_with_wheels_no_index_is_asked(checkout: Path, tmp_path: Path) -> None:
    pip = Pip()
    environment(checkout, pip, tmp_path / "wheels").apply()
    (install,) = [argv for argv in pip.told if "install" in argv]
    assert install[-4:] == ("--no-index", "--find-links", str(tmp_path / "wheels"), str(checkout))
    pip = Pip()
    (checkout / "web/new.py").write_text("", encoding="utf-8")
    environment(checkout, pip).apply()
    (install,) = [argv for argv in pip.told if "install" in argv]
    assert "--no-index" not in install
