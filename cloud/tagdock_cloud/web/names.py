"""The names and numbers that come in over HTTP, each with its bounds; the patterns are the contract's."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

SITE_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
PLACE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}$"
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Site = Annotated[str, StringConstraints(pattern=SITE_PATTERN)]
Place = Annotated[str, StringConstraints(pattern=PLACE_PATTERN)]
Sku = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=100)]
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=1000)]
EpcText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,400}$")]
Metres = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Distance = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


def _in_our_years(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2100:
        raise ValueError(f"the year must lie in 2000 to 2100, not {at.year}")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_in_our_years)]


def first_double(values: Any) -> Any:
    """Return the first value that stands twice, or None."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
