"""What is read in a millisecond is what the configuration proper says, or it is not read."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import store
from control.monitoring import probe, probe_brief
from control.settings import brief_config, config

EXAMPLE = Path(config.__file__).parents[1] / "nebulxc.example.toml"


def proper(text: str) -> brief_config.BriefConfig:
    found = config.parse(text, Path("a.toml"))
    return brief_config.BriefConfig(
        found.collector.interval, found.store.directory, found.monitoring.missing_state
    )


def load(path: Path, text: str) -> brief_config.BriefConfig | None:
    path.write_text(text)
    return brief_config.load(str(path))


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.read_text(),
        EXAMPLE.read_text().replace("\n#raw = ", "\nraw = ").replace("\n#in", "\nin"),
        '[store]\ndirectory = "/srv/x"\n[collector]\ninterval="1m"\nlxc_paths = ["/a", "/b"]\n',
        '[monitoring]\nmissing_state = "UNKNOWN"\n\n[page]\nenabled = false\n',
        "",
    ],
)
def test_a_plain_file_is_read(tmp_path: Path, text: str) -> None:
    assert load(tmp_path / "a.toml", text) == proper(text)


@pytest.mark.parametrize(
    "text",
    [
        'store.directory = "/srv/x"',
        '[store]\ndirectory = "/srv/\\u0041"',
        "[store]\ndirectory = '/srv/x'",
        '[store]\ndirectory = """\n/srv/x"""',
        '[store]\ndirectory = "/srv/x" # here',
        '[collector]\ninterval = "1.5s"',
        '[collector]\nlxc_paths = [\n"/a",\n]',
        "[store",
    ],
)
def test_anything_else_is_left_to_the_configuration_proper(tmp_path: Path, text: str) -> None:
    assert load(tmp_path / "a.toml", text) is None


def test_no_file_means_the_defaults_and_a_closed_one_nothing(tmp_path: Path) -> None:
    assert brief_config.load(str(tmp_path / "none.toml")) == proper("")
    assert brief_config.load(str(tmp_path)) is None


LINES = st.sampled_from(
    [
        "[store]",
        "[collector]",
        "[monitoring]",
        "[[store]]",
        "# x",
        "",
        'interval = "7s"',
        'interval = "1h"',
        'interval = "5s"   ',
        'directory = "/a b"',
        'directory = "\\"',
        "directory = '/'",
        '"directory" = "/q"',
        'missing_state = "UNKNOWN"',
        "size_cap = 5",
        "}",
        "'''",
        '"""',
        "",
    ]
)


@given(st.lists(LINES, max_size=8))
def test_it_never_says_something_else(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    text = "\n".join(lines)
    found = load(tmp_path_factory.getbasetemp() / "a.toml", text)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # the agent has refused it
    if found is not None:
        said = table.get("store", {}).get("directory", "/var/lib/nebulxc/store")
        assert found.store == said
        assert found.interval == {"7s": 7, "1h": 3600}.get(
            table.get("collector", {}).get("interval", ""), 5
        )


def test_the_same_names_as_elsewhere() -> None:
    assert probe_brief.STORE == store.FILE_NAME
    assert str(config.CONFIG_PATH) == probe.CONFIG_PATH
