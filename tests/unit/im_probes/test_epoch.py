from collector.model import Stamp
from im_probes.epoch import Epochs

S = 1_000_000_000


def test_a_clock_stepped_back_keeps_going_forward() -> None:
    epochs = Epochs()
    assert epochs.of(Stamp(10_000_000, 0, "b")) == 10_000
    assert epochs.of(Stamp(6_400_000, 30 * S, "b")) == 10_030
    assert epochs.of(Stamp(6_430_000, 60 * S, "b")) == 10_060


def test_a_clock_stepped_forward_is_followed() -> None:
    epochs = Epochs()
    epochs.of(Stamp(10_000_000, 0, "b"))
    assert epochs.of(Stamp(13_600_000, 1 * S, "b")) == 13_600
    assert epochs.of(Stamp(10_005_000, 5 * S, "b")) == 13_604
