from collections.abc import Sequence

import pytest

from control.install.run import Progress


class Recorded:
    """A step that is missing until it is applied."""

    def __init__(self, name: str, log: list[str], there: bool = False) -> None:
        self.name, self.log, self.there = name, log, there

    def missing(self) -> str:
        return "" if self.there else f"create {self.name}"

    def apply(self) -> None:
        self.log.append(f"+{self.name}")
        self.there = True

    def leftover(self) -> str:
        return f"remove {self.name}" if self.there else ""

    def remove(self) -> None:
        self.log.append(f"-{self.name}")
        self.there = False


def steps(log: list[str], there: Sequence[bool] = (False, False)) -> list[Recorded]:
    return [Recorded(name, log, is_there) for name, is_there in zip("ab", there, strict=True)]


def test_what_is_missing_is_done_in_order_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    made = steps(log)
    progress = Progress(print, dry=False)
    progress.install(made)
    assert log == ["+a", "+b"]
    assert capsys.readouterr().out.splitlines() == ["create a", "create b"]
    again = Progress(print, dry=False)
    again.install(made)
    assert (progress.changed(), again.changed()) == (True, False)


def test_removal_goes_backwards() -> None:
    log: list[str] = []
    Progress(lambda _: None, dry=False).uninstall(steps(log, (True, True)))
    assert log == ["-b", "-a"]


def test_a_dry_run_does_nothing_and_says_everything() -> None:
    log: list[str] = []
    said: list[str] = []
    progress = Progress(said.append, dry=True)
    progress.install(steps(log, (False, True)))
    progress.uninstall(steps(log, (False, True)))
    assert (log, said) == ([], ["would create a", "would remove b"])


def test_what_fails_ends_it_there() -> None:
    class Broken(Recorded):
        def apply(self) -> None:
            raise OSError("full")

    log: list[str] = []
    made = [Recorded("a", log), Broken("b", log), Recorded("c", log)]
    with pytest.raises(OSError, match="full"):
        Progress(lambda _: None, dry=False).install(made)
    assert log == ["+a"]
