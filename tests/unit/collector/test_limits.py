"""Raising the limit of open files."""

import resource

import pytest

from collector.limits import raise_open_files


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What was set; the limits read are (1024, the test's)."""
    chosen: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: chosen.append(pair))
    return chosen


def test_soft_becomes_hard(monkeypatch: pytest.MonkeyPatch, limits: list[tuple[int, int]]) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 524288))
    assert raise_open_files() is None
    assert limits == [(524288, 524288)]


def test_too_low_a_hard_limit_is_said(
    monkeypatch: pytest.MonkeyPatch, limits: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 2048))
    problem = raise_open_files()
    assert problem is not None
    assert "2048" in problem
    assert "116 containers" in problem
    assert "LimitNOFILE=" in problem


def test_what_may_not_be_raised_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", refused)
    problem = raise_open_files()
    assert problem is not None
    assert "cannot raise" in problem
    assert "from 1024 to 4096" in problem
