from vmm.errors import CommandError, DriverError, SpecError


def test_an_error_is_one_line_with_its_remedy() -> None:
    error = DriverError("no\nbridge\tonebr0\x1b[31m", "make\r\nit")
    assert str(error) == "no bridge onebr0 [31m; make it"


def test_a_spec_error_names_the_place() -> None:
    assert str(SpecError("/VM/ID", "missing")) == "/VM/ID: missing"


def test_a_command_error_tells_how_it_ended_and_its_last_words() -> None:
    said = "first\n\nsecond\nthird\nfourth\n"
    assert str(CommandError(["mkfs"], 1, said)) == "mkfs exited with 1: second | third | fourth"
    assert str(CommandError(["mkfs"], -9, "")) == "mkfs was killed by signal 9: it said nothing"
    assert "did not end in time" in str(CommandError(["mkfs"], None, "", "wait"))
