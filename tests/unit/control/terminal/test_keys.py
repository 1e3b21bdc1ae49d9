import os
import pty
import termios

import pytest

from control.terminal.keys import keyboard


def test_keys_come_one_by_one_and_the_terminal_is_put_back() -> None:
    outside, inside = pty.openpty()
    try:
        before = termios.tcgetattr(inside)
        with keyboard(inside) as pressed:
            assert pressed(0) is None
            os.write(outside, b"mq")
            assert (pressed(60), pressed(60), pressed(0)) == ("m", "q", None)
            os.write(outside, b"\x03")
            with pytest.raises(KeyboardInterrupt):  # as a signal it is no key that can be read
                pressed(60)
        assert termios.tcgetattr(inside) == before
    finally:
        os.close(outside)
        os.close(inside)
