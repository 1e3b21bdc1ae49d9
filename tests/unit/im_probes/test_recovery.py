from pathlib import Path

from im_probes.recovery import AT_MOST_S, FLAG, hold_back, is_recovering, tell_again


def test_while_the_file_is_there_and_not_for_ever(tmp_path: Path) -> None:
    assert not is_recovering(tmp_path, 10)
    hold_back(tmp_path)
    hold_back(tmp_path)
    assert (tmp_path / FLAG).exists()
    assert is_recovering(tmp_path, 10)
    assert not is_recovering(tmp_path, AT_MOST_S)
    tell_again(tmp_path)
    tell_again(tmp_path)
    assert not is_recovering(tmp_path, 10)


def test_without_an_uptime_the_machine_is_asked(tmp_path: Path) -> None:
    assert not is_recovering(tmp_path)
