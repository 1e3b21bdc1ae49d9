from pathlib import Path

import pytest
from vm.suite import Count, count

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
