"""How good the forecasts are: a backtest on recorded series, against the last value.

`.venv/bin/python tests/bench/forecast.py`; needs no root. Each forecast sees what was known at its
time and nothing else. The ratio is of mean absolute errors: below 1 is better than the last value.
"""

import sys
import time
from pathlib import Path
from statistics import fmean, median

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.series import Outcome, backtest, means, recorded

from im_probes.history import far, near

CASES = {"5 min ahead": (near(5), 1, 300, 23), "48 h ahead": (far(2880), 12, 100, 3)}
"""Horizon; recorded steps in one of its; the first step; every how many."""


def main() -> int:
    """Measure and print."""
    found: dict[str, dict[str, Outcome]] = {}
    for case, (horizon, steps, start, stride) in CASES.items():
        began = time.process_time()
        found[case] = {
            name: backtest(means(values, steps), horizon, start, stride)
            for name, values in recorded().items()
        }
        count = sum(each.count for each in found[case].values())
        print(f"{case}: {(time.process_time() - began) / count * 1000:.1f} ms CPU each")
    print(f"\n{'error / error of the last value':<42}" + "".join(f"{case:>14}" for case in CASES))
    for name in found["5 min ahead"]:
        ratios = (found[case][name].ratio for case in CASES)
        print(f"{name:<42}" + "".join(f"{ratio:>14.2f}" for ratio in ratios))
    for name, summary in (("mean", fmean), ("median", median), ("worst", max)):
        print(
            f"{name:<42}"
            + "".join(
                f"{summary(each.ratio for each in found[case].values()):>14.2f}" for case in CASES
            )
        )
    for name, summary in (("mean", fmean), ("median", median), ("worst", min)):
        print(
            f"{'within the bound (meant: 0.80), ' + name:<42}"
            + "".join(
                f"{summary(each.within for each in found[case].values()):>14.2f}" for case in CASES
            )
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
