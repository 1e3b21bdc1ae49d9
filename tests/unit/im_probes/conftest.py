from collections.abc import Callable

import pytest
from support.monitord import Template, open_message, parse_template


@pytest.fixture(scope="session")
def oned_parses() -> Callable[[str], Template]:
    return parse_template


@pytest.fixture(scope="session")
def monitord_reads() -> Callable[..., tuple[str, str, int, int, str]]:
    return open_message
