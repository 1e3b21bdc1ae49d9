from im_probes.schedule import BACK_OFF_S, Schedule


def test_each_task_comes_in_its_turn_and_missed_turns_are_dropped() -> None:
    schedule = Schedule({"fast": 5.0, "slow": 30.0}, 100.0)
    assert schedule.wait_s(100.0) == 5.0
    assert schedule.due(104.9) == []
    assert schedule.due(105.1) == ["fast"]
    schedule.done("fast", 105.1)
    assert schedule.wait_s(105.1) == 110.0 - 105.1
    assert schedule.due(190.0) == ["fast", "slow"]
    schedule.done("fast", 190.0)
    assert schedule.due(191.0) == ["slow"]


def test_failures_back_off_up_to_the_period() -> None:
    schedule = Schedule({"task": 600.0}, 0.0)
    now, waits = 600.0, []
    for _ in range(len(BACK_OFF_S) + 1):
        schedule.failed("task", now)
        waits.append(schedule.wait_s(now))
        now += waits[-1]
    assert waits == [*BACK_OFF_S, BACK_OFF_S[-1]]
    quick = Schedule({"task": 5.0}, 0.0)
    for _ in range(9):
        quick.failed("task", 10.0)
    assert quick.wait_s(10.0) == 5.0


def test_sooner_never_puts_off() -> None:
    schedule = Schedule({"task": 5.0}, 0.0)
    schedule.sooner("task", 1.0)
    schedule.sooner("task", 3.0)
    assert schedule.wait_s(0.0) == 1.0
