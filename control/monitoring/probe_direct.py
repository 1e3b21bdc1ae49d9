"""A probe's answer without a fresh cycle of the agent: the host is read by this process."""

import logging
import sys
from pathlib import Path

from control.monitoring import probe_brief
from control.monitoring.probing import looking
from control.problem import Problem
from control.settings import config
from control.settings.brief_config import BriefConfig
from im_probes.configuration import MonitoringError, Texts


def said(directory: str, found: Texts, config_path: str) -> str:
    """What the probe of this directory prints; MonitoringError where the node is not in order."""
    logging.basicConfig(format="nebulxc-probe: %(message)s", stream=sys.stderr)
    try:
        chosen = config.load(Path(config_path))
        with looking(chosen) as look:
            brief = BriefConfig(
                chosen.collector.interval, chosen.store.directory, chosen.monitoring.missing_state
            )
            return probe_brief.PROBES[directory](look(), found, brief)
    except Problem as problem:
        raise MonitoringError(str(problem)) from problem
