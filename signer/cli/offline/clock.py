"""What this station's clock says. Nobody vouches for it: it can only add a refusal."""

import time

from policies.spend import LocalTime


def local_time() -> LocalTime:
    """The weekday and the time of day, as people here read them."""
    now = time.localtime()
    return LocalTime(now.tm_wday, time.strftime("%H:%M", now))
