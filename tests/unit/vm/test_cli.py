"""What scripts/vm takes for a machine's name, and how it names the way back to one."""

import pytest
from vm import cli
from vm.settings import RELEASES, Instance, default_name

BOOKWORM, TRIXIE = RELEASES["bookworm"], RELEASES["trixie"]


@pytest.mark.parametrize("name", ["/etc", "..", ".", "", "a/b", "-x", "a b", "a" * 41])
def test_a_name_that_is_no_directorys_own_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`down` deletes the directory of that name, and `/etc` would be one of its own."""
    monkeypatch.setattr("sys.argv", ["scripts/vm", f"--name={name}", "down"])
    monkeypatch.setitem(cli.COMMANDS, "down", lambda *_: pytest.fail("it went on"))
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert f"--name: {name!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("instance", "command"),
    [
        (Instance(default_name(BOOKWORM), BOOKWORM), "scripts/vm"),
        (Instance(default_name(TRIXIE), TRIXIE), "scripts/vm --release trixie"),
        (Instance("mine", BOOKWORM), "scripts/vm --name mine"),
        (Instance("mine", TRIXIE), "scripts/vm --release trixie --name mine"),
    ],
)
def test_the_way_back_has_the_options_that_were_given(instance: Instance, command: str) -> None:
    assert instance.command == command
