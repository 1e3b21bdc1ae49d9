import re
from pathlib import Path

import pytest

from collector.inventory import LXC_PATHS
from control.settings import config

EXAMPLE = Path(config.__file__).parents[1] / "nebulxc.example.toml"
HERE = Path("/etc/nebulxc/nebulxc.toml")


def refused(text: str) -> list[str]:
    with pytest.raises(config.ConfigError) as caught:
        config.parse(text, HERE)
    return str(caught.value).splitlines()


def test_an_absent_file_means_the_defaults(tmp_path: Path) -> None:
    assert config.load(tmp_path / "none.toml") == config.Config()


def test_an_absent_file_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"none\.toml: there is no such file"):
        config.load(tmp_path / "none.toml", required=True)


def test_an_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="cannot be read"):
        config.load(tmp_path)


def test_values_with_units() -> None:
    parsed = config.parse(
        '[collector]\ninterval = "1s"\n[store]\nkeep_raw="2d"\nsize_cap = "2GiB"', HERE
    )
    assert (parsed.collector.interval, parsed.store.keep_raw) == (1.0, 172_800.0)
    assert parsed.store.size_cap == 2 * 1024**3


def test_every_mistake_has_file_line_key_and_what_to_write() -> None:
    assert refused('\n[collector]\nintervall = "5s"\n\n[store]\nkeep_raw = "5"\n') == [
        f'{HERE}:3: collector.intervall: unknown key, did you mean "interval"?',
        f'{HERE}:6: store.keep_raw: \'5\' is not a duration like "5s", "10m", "1h" or "14d"'
        " (units: s, m, h, d, w, y)",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('interval = "5s"', '1: interval: unknown key, did you mean "interval" in [collector]?'),
        ("[pages]", '1: pages: unknown key, did you mean "page"?'),
        ("[page]\nqqq = 1", "2: page.qqq: unknown key, the keys here are enabled, listen,"),
        ("store = 1", "1: store: must be a table: write [store] above its keys"),
        ("[collector]\ninterval = 5", "2: collector.interval: 5 has no unit: write it as text,"),
        ('[collector]\ninterval = "0.1s"', "'0.1s' cannot be used: must be from 1s to 1h"),
        ('[page]\nlisten = "8642"', 'must be an address and a port, like "127.0.0.1:8642"'),
        ('[page]\nenabled = "yes"', "Expected `bool`, got `str`"),
        ('[page]\ntoken_file = "token"', 'must be an absolute path, which begins with "/"'),
        ('collector.lxc_paths = ["/a", "b"]', "must be an absolute path"),
        ("[collector", ":1: not valid TOML: "),
        ("[store]\n\na = \n", ":3: not valid TOML: "),
    ],
)
def test_refusals(text: str, expected: str) -> None:
    (line,) = refused(text)
    assert expected in line


def test_the_example_documents_every_key_with_its_default() -> None:
    text = re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    shown = config.parse(text, EXAMPLE)
    for section in config.Config.__struct_fields__:
        defaults = getattr(config.Config(), section)
        for key in defaults.__struct_fields__:
            assert re.search(rf"^{key} = ", text, re.MULTILINE), f"{section}.{key}"
            default = getattr(defaults, key)
            if default is not None:  # where nothing is the default, the example shows a value
                assert getattr(getattr(shown, section), key) == default, f"{section}.{key}"


def test_the_example_as_shipped_changes_nothing() -> None:
    assert config.load(EXAMPLE) == config.Config()


def test_containers_are_looked_for_where_the_collector_does_by_itself() -> None:
    assert tuple(map(Path, config.Config().collector.lxc_paths)) == LXC_PATHS
