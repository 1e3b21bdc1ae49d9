import pytest

from control.install import registration
from control.install.registration import BEGIN, END, IM_MAD, OFF, VM_MAD

# Hand-made, in the shape of OpenNebula 7's own file.
ONED = """\
#  VM_MAD = [ NAME = "lxc" ]  only said
VM_MAD = [
    NAME           = "kvm",
    ARGUMENTS      = "-t 15 -r 0 kvm -d a]b",   # a ] in quotes # and a comment ]
    IMPORTED_VMS_ACTIONS = "terminate, NAME = hold"
]
VM_MAD = [
    NAME           = "lxc",
    SUNSTONE_NAME  = "LXC",
    # DEFAULT      = "vmm_exec/vmm_exec_lxc.conf",
    ARGUMENTS      = "-t 15 -r 0 lxc",
    TYPE           = "xml"
]
#VM_MAD = [ NAME="dummy",
#  TYPE="xml" ]
TM_MAD = [ EXECUTABLE = "one_tm", ARGUMENTS = "-t 15 -d dummy,lvm" ]
IM_MAD = [ NAME="lxc", EXECUTABLE="one_im_ssh" ]
LOG = [ SYSTEM = "file", DEBUG_LEVEL = 3 ]
"""


def test_every_vector_is_found_and_no_comment() -> None:
    found = [(one.key, one.name, one.first, one.last) for one in registration.vectors(ONED)]
    assert found == [
        ("VM_MAD", "kvm", 1, 5),
        ("VM_MAD", "lxc", 6, 12),
        ("TM_MAD", "", 15, 15),
        ("IM_MAD", "lxc", 16, 16),
        ("LOG", "", 17, 17),
    ]


def test_the_stock_driver_is_replaced_and_comes_back() -> None:
    text = registration.put_in(ONED, VM_MAD)
    lines = text.splitlines()
    begin = lines.index(BEGIN)
    assert lines[begin - 7] == f"{OFF}VM_MAD = ["
    assert lines[begin + 1 : lines.index(END)] == VM_MAD.splitlines()
    assert [(one.key, one.name) for one in registration.vectors(text)] == [
        (one.key, one.name) for one in registration.vectors(ONED)
    ]
    assert registration.has(text)
    assert registration.take_out(text) == ONED


def test_an_administrators_settings_go_over() -> None:
    theirs = (
        'VM_MAD = [ NAME = "lxc", ARGUMENTS = "-t 50 -r 1 -w 600 lxc", KEEP_SNAPSHOTS = "no",\n'
        '  # TYPE = "kvm"\n  DEFAULT = "vmm_exec/mine.conf" ]\n'
    )
    text = registration.put_in(theirs, VM_MAD)
    ours = text.partition(BEGIN)[2]
    assert '    ARGUMENTS         = "-t 50 -r 1 -w 600 -p nebulxc",\n' in ours
    assert '    SUPPORT_SHAREABLE = "yes",\n    DEFAULT = "vmm_exec/mine.conf"\n]\n' in ours
    assert ours.count("KEEP_SNAPSHOTS") == 1
    assert [one.name for one in registration.vectors(text)] == ["lxc"]
    assert registration.take_out(text) == theirs


def test_a_new_name_goes_to_the_end() -> None:
    text = registration.put_in(ONED, IM_MAD)
    assert text == f"{ONED}{BEGIN}\n{IM_MAD}{END}\n"
    assert registration.take_out(text) == ONED


def test_every_one_of_that_name_is_replaced() -> None:
    twice = ONED + 'VM_MAD = [ NAME = "lxc" ]\n'
    text = registration.put_in(twice, VM_MAD)
    assert [one.name for one in registration.vectors(text) if one.key == "VM_MAD"] == ["kvm", "lxc"]
    assert registration.take_out(text) == twice


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (ONED, False),
        (ONED + VM_MAD, True),
        (registration.put_in(ONED, VM_MAD), False),
        (ONED + '# VM_MAD = [ ARGUMENTS = "nebulxc" ]\n', False),
        (ONED.replace('"-t 15 -r 0 lxc"', '"-t 15 -r 0 -p nebulxc"'), True),
    ],
)
def test_a_registration_by_hand_is_seen(text: str, names: bool) -> None:
    assert registration.names_us(text) is names


@pytest.mark.parametrize("mark", [BEGIN, END])
def test_a_block_without_its_end_is_no_whole_one(mark: str) -> None:
    text = registration.put_in(ONED, VM_MAD)
    assert registration.is_whole(text)
    assert registration.is_whole(ONED)
    assert not registration.is_whole(text.replace(f"{mark}\n", ""))
