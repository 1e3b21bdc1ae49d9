"""A property holds however slow the machine is: CI tests beside a virtual machine on two cores."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
