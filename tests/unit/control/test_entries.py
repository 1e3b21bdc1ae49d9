import importlib
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from control import entries

ROOT = os.geteuid() == 0


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


def test_a_brief_entry_finds_its_packages_without_path_configuration(bin_dir: Path) -> None:
    """The environment's own, and the checkout's that is installed there as editable."""
    packages = bin_dir.parent / "lib/python3.99/site-packages"
    packages.parent.mkdir(parents=True)
    packages.symlink_to(sysconfig.get_path("purelib"))
    entries.write(bin_dir)
    action = bin_dir / "nebulxc-action"
    assert " -I -S -c " in action.read_text()
    ran = subprocess.run([action, "sh"], cwd=bin_dir, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(
        "'sh' is not an action of OpenNebula" if ROOT else "nebulxc-action"
    )


def test_the_packages_are_those_of_where_it_will_be(tmp_path: Path) -> None:
    (tmp_path / "new/lib/python3.99/site-packages/control").mkdir(parents=True)
    found = list(entries.packages(tmp_path / "new", Path("/opt/nebulxc")))
    assert found == ["/opt/nebulxc/lib/python3.99/site-packages"]
