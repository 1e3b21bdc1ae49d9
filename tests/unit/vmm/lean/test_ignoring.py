import pytest

from vmm.lean.ignoring import Ignoring


def test_it_ends_quietly_on_the_named_errors_alone() -> None:
    with Ignoring(FileNotFoundError, ValueError):
        raise FileNotFoundError
    with Ignoring(OSError):
        raise FileNotFoundError
    with pytest.raises(OSError, match="x"), Ignoring(FileNotFoundError):
        raise OSError("x")
    with Ignoring(OSError):
        pass
