from pathlib import Path

import pytest
from vm.outcome import ENDINGS, Count, Outcome, closing_line, count

REPORT = """<?xml version="1.0"?><testsuites>
<testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10"/></testsuites>"""


def test_counts_a_report(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert count(report) == Count(ran=10, failed=3, skipped=3)


def test_no_report_is_no_test(tmp_path: Path) -> None:
    assert count(tmp_path / "none.xml") == Count(0, 0, 0)


@pytest.mark.parametrize(
    ("counted", "good"),
    [
        (Count(3, 0, 0), True),
        (Count(0, 0, 0), False),
        (Count(3, 1, 0), False),
        (Count(3, 0, 1), False),
    ],
)
def test_nothing_run_failed_or_skipped_is_not_good(counted: Count, good: bool) -> None:
    assert counted.good is good


@pytest.mark.parametrize("status", [*ENDINGS, 137])
def test_a_status_is_not_good_and_is_told_with_its_reason(status: int, tmp_path: Path) -> None:
    outcome = Outcome(Count(3, 0, 0), status)
    assert not outcome.good
    said = outcome.complaint("inside", tmp_path / "inside.txt")
    assert f"status {status}, " in said
    assert str(tmp_path / "inside.txt") in said


def test_a_run_that_was_cut_short_says_so(tmp_path: Path) -> None:
    outcome = Outcome(Count(0, 0, 0), None)
    assert not outcome.good
    assert "did not come to its end" in outcome.complaint("inside", tmp_path)


def test_a_content_pytest_without_a_test_is_not_good(tmp_path: Path) -> None:
    outcome = Outcome(Count(0, 0, 0), 0)
    assert not outcome.good
    assert "0 tests ran" in outcome.complaint("inside", tmp_path)
    assert Outcome(Count(1, 0, 0), 0).good


def test_the_closing_line_counts_both_halves() -> None:
    about = {"distribution": "Debian", "kernel": "6.1", "lxc": "5.0"}
    said = closing_line(about, Count(5, 1, 0), Count(2, 0, 1))
    assert said.endswith(
        "5 tests ran in it, 2 drove it from outside; 5 passed, 1 failed, 1 skipped"
    )
