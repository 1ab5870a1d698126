"""What this station's clock says. Nobody vouches for it: it can only add a refusal."""

from datetime import datetime

from policies.spend import LocalTime


def local_time() -> LocalTime:
    """The weekday and the time of day, as people here read them."""
    now = datetime.now().astimezone()
    return LocalTime(now.weekday(), f"{now:%H:%M}")
