"""What the page adds to the stored metrics at /metrics: whether readings arrive at all."""

from collector.model import Kind, Metric

UP = Metric(
    "lxcmon_up",
    Kind.GAUGE,
    "",
    "Whether readings arrive: 1, or 0 when the last one is stale.",
    "the page, by its clock and the store's last cycle",
)
AGE = Metric(
    "lxcmon_last_cycle_age_seconds",
    Kind.GAUGE,
    "seconds",
    "Time since the agent wrote the last reading to the store.",
    "the page, by its clock and the store's last cycle",
    limits="Absent while the store is empty.",
)
METRICS = (UP, AGE)
