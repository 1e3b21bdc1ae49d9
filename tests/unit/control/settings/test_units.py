import pytest

from control.settings import units


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("1.5h", 5400), ("14d", 1_209_600), ("2y", 63_072_000), (" 10 m ", 600)],
)
def test_durations(text: str, seconds: float) -> None:
    assert units.seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("5GB", 5 * 10**9), ("512MiB", 512 * 2**20), ("1.5kB", 1500)]
)
def test_sizes(text: str, size: int) -> None:
    assert units.byte_count(text) == size


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "5 sec", "1e3s", "5S", "٥s", "1s2"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration like"):
        units.seconds(text)


@pytest.mark.parametrize("text", ["5", "5G", "5gb", "5s", "GB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size like"):
        units.byte_count(text)
