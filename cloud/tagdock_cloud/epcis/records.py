"""Who sites, doors and bins are in EPCIS, as that crosses the wire. Pure."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.epcis.formats import is_uri
from tagdock_cloud.epcis.naming import is_gln
from tagdock_cloud.inventory.epc import check_digit


def _checked(gln: str) -> str:
    if not is_gln(gln):
        raise ValueError(f"the check digit after {gln[:12]} is {check_digit(gln[:12])}, not {gln[12:]}")
    return gln


def _prefix(text: str) -> str:
    if not is_uri(text) or not text.startswith("https://") or text.count("/") < 3 or not text.endswith("/"):
        raise ValueError(
            "must be an address that begins with https:// and ends with /, such as https://id.example/here/"
        )
    if set(text) & set("?#"):
        raise ValueError("must have neither ? nor #")
    return text


Gln = Annotated[str, StringConstraints(pattern=r"^[0-9]{13}$"), AfterValidator(_checked)]
Extension = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,20}$"),
    Field(description="Part of the location (AI 254); letters, digits, _ . and -. Left out: the location as a whole."),
]
PrefixDigits = Annotated[
    int,
    Field(
        ge=6,
        le=12,
        description="Digits of the GS1 company prefix in the GLN; without them only Digital Links can be told.",
    ),
]
UriPrefix = Annotated[str, StringConstraints(max_length=200), AfterValidator(_prefix)]


class _Located(BaseModel):
    """What a GLN needs beside it."""

    model_config = ConfigDict(extra="forbid")

    extension: Extension | None = None
    company_prefix_digits: PrefixDigits | None = None

    @model_validator(mode="after")
    def _check_extension(self) -> Self:
        if self.extension == "0":
            raise ValueError("extension: 0 means that there is none; leave it out")
        return self


class PlaceIdentity(_Located):
    """The GLN of a door or bin."""

    gln: Gln


class SiteIdentity(_Located):
    """Who a site is: its GLN, or a prefix for the addresses of its places, and the GLN of the company that runs it."""

    gln: Gln | None = None
    uri_prefix: UriPrefix | None = None
    party_gln: Gln | None = None

    @model_validator(mode="after")
    def _check_gln(self) -> Self:
        if self.extension is not None and self.gln is None:
            raise ValueError("extension: goes with a gln")
        return self


class SiteIdentityRecord(BaseModel):
    """The same with what the site is called in events."""

    site: str
    gln: str | None
    extension: str | None
    company_prefix_digits: int | None
    uri_prefix: str | None
    party_gln: str | None
    uri: str


class PlaceIdentityRecord(BaseModel):
    """A door or bin with what it is called in events."""

    site: str
    place: str
    gln: str
    extension: str | None
    company_prefix_digits: int | None
    uri: str


class PlaceIdentityPage(BaseModel):
    """Doors and bins of a site that have a GLN."""

    items: list[PlaceIdentityRecord]
