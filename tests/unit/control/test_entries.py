import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from control import entries


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    """A bin directory whose path needs quoting, with this interpreter in it."""
    directory = tmp_path / "it's a bin"
    directory.mkdir()
    wrapper = directory / "python3"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    return directory


def test_every_entry_names_a_module_with_main() -> None:
    for module in entries.ENTRIES.values():
        assert callable(importlib.import_module(module).main)


def test_an_entry_runs_from_a_directory_that_shadows_our_packages(bin_dir: Path) -> None:
    (bin_dir / "control").mkdir()
    (bin_dir / "control" / "__init__.py").write_text("raise SystemExit('shadowed')\n")
    entries.write(bin_dir)
    ran = subprocess.run(
        [bin_dir / "nebulxc", "version"], cwd=bin_dir, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("nebulxc ")
