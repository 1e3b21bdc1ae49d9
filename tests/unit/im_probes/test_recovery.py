from pathlib import Path

from im_probes.recovery import AT_MOST_S, FLAG, is_recovering


def test_while_the_file_is_there_and_not_for_ever(tmp_path: Path) -> None:
    assert not is_recovering(tmp_path, 10)
    flag = tmp_path / FLAG
    flag.parent.mkdir(parents=True)
    flag.touch()
    assert is_recovering(tmp_path, 10)
    assert not is_recovering(tmp_path, AT_MOST_S)
    flag.unlink()
    assert not is_recovering(tmp_path, 10)


def test_without_an_uptime_the_machine_is_asked(tmp_path: Path) -> None:
    assert not is_recovering(tmp_path)
