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
COMMAND = (sys.executable, "-I", "-c", "from control.cli import main; raise SystemExit(main())")


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


def test_version_as_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("nebulxc ")


def test_an_option_before_the_command_is_told_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--config", "x.toml", "ls"])
    assert "nebulxc COMMAND --config" in capsys.readouterr().err


@pytest.mark.parametrize("output", [">&-", ">/dev/full"])
def test_output_that_takes_nothing_is_one_line(output: str) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {output}', "sh", *COMMAND, "version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("nebulxc version: ")
    assert ended.stderr.count("\n") == 1


def test_a_sample_that_root_did_not_ask_for_says_so_once() -> None:
    code = "import os; os.geteuid = lambda: 1000; from control.cli import main; main(['sample'])"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, check=True, text=True
    )
    assert ended.stderr == "nebulxc sample: not root: what only root can read is missing\n"


def test_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*COMMAND, "version"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")
