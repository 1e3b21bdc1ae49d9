"""Things that come and go."""

from collector.followed import Followed
from collector.formats import Values
from collector.model import MISSING, Column, Columns


class Thing:
    """Counters of nothing real: what matters here is opening and closing."""

    def __init__(self, name: str, log: list[str]) -> None:
        if name == "never":
            raise FileNotFoundError(name)
        self.name, self.gone, self._log = name, False, log
        log.append(f"open {name}")

    def read(self) -> Values:
        return (MISSING if self.gone else 1.0,)

    def close(self) -> None:
        self._log.append(f"close {self.name}")


def columns(name: str) -> Columns:
    return (Column("m", (("device", name),)),)


def test_only_what_changed_is_opened_and_closed() -> None:
    log: list[str] = []
    followed = Followed(lambda name: Thing(name, log), columns)
    followed.follow(["a", "b"])
    before, _ = followed.read()
    followed.follow(["a", "b"])
    assert followed.read()[0] is before
    followed.follow(["b", "c", "never"])
    assert followed.read() == (columns("b") + columns("c"), (1.0, 1.0))
    followed.close()
    assert log == ["open a", "open b", "close a", "open c", "close b", "close c"]


def test_what_went_is_opened_anew() -> None:
    log: list[str] = []
    things: list[Thing] = []

    def opened(name: str) -> Thing:
        things.append(Thing(name, log))
        return things[-1]

    followed = Followed(opened, columns)
    followed.follow(["a"])
    things[0].gone = True
    assert followed.lost
    followed.follow(["a"])
    assert not followed.lost
    assert log == ["open a", "close a", "open a"]
    followed.close()
