from control.accounts import group_exists, user_exists

NOBODYS = "nebulxc-nobody-has-this-name"


def test_users_and_groups() -> None:
    assert user_exists("root")
    assert group_exists("root")
    assert not user_exists(NOBODYS)
    assert not group_exists(NOBODYS)
