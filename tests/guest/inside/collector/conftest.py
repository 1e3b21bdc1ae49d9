"""What the collector's tests in the guest share: swap, and the table of errors they measure."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.truth import Record

RESULTS = Path("/root/results")


@pytest.fixture
def swap() -> Iterator[None]:
    """512 MiB of swap on the spare disk."""
    subprocess.run(["mkswap", "-q", "/dev/vdc", "524288"], check=True)
    subprocess.run(["swapon", "/dev/vdc"], check=True)
    yield
    subprocess.run(["swapoff", "/dev/vdc"], check=True)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Keep what was true and what was told for the table in docs/truth.md."""

    def keep(what: str, unit: str, true: float, told: float) -> None:
        entry = {"test": request.node.name, "what": what, "unit": unit, "true": true, "told": told}
        with (RESULTS / "truth.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    return keep
