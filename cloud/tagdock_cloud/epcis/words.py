"""The words of GS1's Core Business Vocabulary that EPCIS documents may use bare, each with its web address. Pure.

Source: CBV 2.0, sections 7.1 to 7.6 (steps, dispositions, transactions, sources, reasons), 7.8 (measurements).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CBV: Final = "https://ref.gs1.org/cbv/"
GS1: Final = "https://gs1.org/voc/"

EVENT_TYPES: Final = ("AggregationEvent", "AssociationEvent", "ObjectEvent", "TransactionEvent", "TransformationEvent")
ACTIONS: Final = frozenset({"ADD", "OBSERVE", "DELETE"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BIZ_STEPS: Final = _words(
    "accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting"
    " decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting"
    " installing killing loading other packing picking receiving removing repackaging repairing replacing reserving"
    " retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting"
    " unloading unpacking void_shipping"
)
DISPOSITIONS: Final = _words(
    "active available completeness_inferred completeness_verified conformant container_closed container_open damaged"
    " destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance"
    " mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed"
    " recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown"
)
TRANSACTIONS: Final = _words("bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt")
PARTIES: Final = _words("location owning_party possessing_party")
REASONS: Final = _words("did_not_occur incorrect_data")
COMPONENTS: Final = _words(
    "altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle"
    " spherical_radius x y z"
)
ALERTS: Final = _words("ALARM_CONDITION ERROR_CONDITION")
MEASUREMENTS: Final = _words(
    "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance"
    " AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance"
    " Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity"
    " ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency"
    " Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux"
    " LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate"
    " MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux"
    " RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed"
    " SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction"
    " VolumetricFlux Wavenumber"
)

ADDRESSES: Final[Mapping[str, tuple[frozenset[str], str]]] = MappingProxyType(
    {
        "bizStep": (BIZ_STEPS, CBV + "BizStep-"),
        "disposition": (DISPOSITIONS, CBV + "Disp-"),
        "bizTransaction": (TRANSACTIONS, CBV + "BTT-"),
        "source": (PARTIES, CBV + "SDT-"),
        "destination": (PARTIES, CBV + "SDT-"),
        "component": (COMPONENTS, CBV + "Comp-"),
        "exception": (ALERTS, GS1),
        "measurement": (MEASUREMENTS, GS1),
    }
)
"""For each kind of word: the bare words, and what stands before one in its web address."""

URN_ADDRESSES: Final = (
    ("urn:epcglobal:cbv:bizstep:", CBV + "BizStep-"),
    ("urn:epcglobal:cbv:disp:", CBV + "Disp-"),
    ("urn:epcglobal:cbv:btt:", CBV + "BTT-"),
    ("urn:epcglobal:cbv:sdt:", CBV + "SDT-"),
    ("urn:epcglobal:cbv:er:", CBV + "ER-"),
)
"""How EPCIS 1 wrote the same words."""


def bare(kind: str, word: str) -> str:
    """Return a standard word bare, however it was written; any other word as it is."""
    words, before = ADDRESSES[kind]
    for urn, address in URN_ADDRESSES:
        if word.startswith(urn):
            word = address + word.removeprefix(urn)
    rest = word.removeprefix(before) if word.startswith(before) else word.removeprefix("cbv:" + before[len(CBV) :])
    return rest if rest in words else word
