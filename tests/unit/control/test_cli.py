import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from control import cli
from control.cli import COMMANDS, main

COMMANDS_DIR = Path(cli.__file__).parent / "commands"


def test_the_folder_equals_the_table() -> None:
    files = {path.stem for path in COMMANDS_DIR.glob("*.py")} - {"__init__"}
    assert files == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_what_it_does_and_shows_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    module = import_module(f"control.commands.{command}")
    assert f"Example: {module.EXAMPLE}" in said
    assert module.__doc__.startswith(f"`nebulxc {command}`: ")
    assert module.__doc__.partition(": ")[2].splitlines()[0] in said


@pytest.mark.parametrize("words", [[], ["--help"], ["tpo"]])
def test_without_a_right_command_the_commands_are_listed(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    said = "".join(capsys.readouterr())
    assert all(command in said for command in COMMANDS) or "usage: nebulxc COMMAND" in said


def test_a_problem_is_one_line_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", "--config", str(tmp_path / "none.toml")]) == 1
    assert capsys.readouterr().err == (f"nebulxc ls: {tmp_path}/none.toml: there is no such file\n")


@pytest.mark.parametrize(
    "words",
    [
        ["top", "--every", "5"],
        ["query", "lxc_pids", "--since", "soon"],
        ["query", "lxc_host_load1", "--rate"],
    ],
)
def test_wrong_words_are_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_version_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"nebulxc", "python"}


def test_a_closed_pipe_is_no_error() -> None:
    code = "from control.cli import main; raise SystemExit(main())"
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code, "version"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")
