"""SKUs as they cross the wire."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.inventory.epc import check_digit
from tagdock_cloud.web.names import Amount, Label, Sku, Text, first_double

MOST_SKUS = 10_000
"""SKUs that one request may carry."""


class SkuBody(BaseModel):
    """What one kind of goods is. `volume_m3` and `mass_kg` are what its stock takes in one bin."""

    model_config = ConfigDict(extra="forbid")

    gtin: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")] | None = Field(None, examples=["09521234000013"])
    description: Text = ""
    volume_m3: Amount | None = None
    mass_kg: Amount | None = None
    bins_needed: Annotated[int, Field(ge=1, le=1000)] = 1
    zones: Annotated[list[Label], Field(max_length=50, description="Zones it may stand in; empty: any.")] = []
    family: Label | None = None
    keep_apart: Annotated[list[Label], Field(max_length=50, description="Families it may not stand beside.")] = []

    @model_validator(mode="after")
    def _check_gtin(self) -> Self:
        if self.gtin is not None and check_digit(self.gtin[:13]) != self.gtin[13]:
            raise ValueError(f"gtin: wrong check digit, {check_digit(self.gtin[:13])} is right")
        return self


class SkuRecord(SkuBody):
    """One kind of goods and its name."""

    sku: Sku = Field(examples=["85123A"])


class SkuList(BaseModel):
    """SKUs to add or to overwrite, whole records each."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[SkuRecord], Field(max_length=MOST_SKUS)]

    @model_validator(mode="after")
    def _check_doubles(self) -> Self:
        if (sku := first_double(record.sku for record in self.items)) is not None:
            raise ValueError(f"SKU {sku!r} stands twice")
        if (gtin := first_double(record.gtin for record in self.items if record.gtin)) is not None:
            raise ValueError(f"GTIN {gtin} stands twice")
        return self


class SkuPage(BaseModel):
    """A page of SKUs."""

    items: list[SkuRecord]


class Written(BaseModel):
    """How many records a bulk request wrote."""

    written: int
