"""A mass update is one straight line: prepared, looked at, applied. The worker takes it as far as it goes now."""

import structlog

from ppe import work
from ppe.errors import RunLost
from ppe.mass_update import applying, preparing
from ppe.models import PREPARING, MassUpdate
from ppe.work import Clock

log = structlog.get_logger()


def proceed(mass_update_id: int, clock: Clock) -> None:
    """Make the preview, or apply it; nothing happens if another worker has it."""
    one = work.claim(MassUpdate, mass_update_id, clock())
    if one is None:
        return
    try:
        if one.state == PREPARING:
            preparing.to_the_end(one, clock)
        else:
            applying.to_the_end(one, clock)
    except RunLost:
        log.info("mass update was cancelled or taken over", mass_update=mass_update_id)
