"""How a Python class describes a message or parameter: its fields, then its sub-parameters, in wire order.

    @parameter(139)
    class ReceiveSensitivityTableEntry:
        index: U16
        receive_sensitivity_db: U16

A sub-parameter is annotated by its class: `X` exactly once, `X | None` at most once, `tuple[X, ...]` any number,
`Some[X]` once or more; `X | Y` is a choice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

from tagdock_simulators.llrp.fields import BitCounted, Bits, Counted, Field, Fixed, Kind, Rest, Utf8

CUSTOM = 1023
"""The type of vendors' own messages and parameters; vendor and subtype follow in the body."""
MAX_TV_TYPE = 127
"""Parameters up to this type have a one-byte header and a fixed length."""

_T = TypeVar("_T")
_AT_LEAST_ONE = "at least one"
Some = Annotated[tuple[_T, ...], _AT_LEAST_ONE]
"""Sub-parameters of one kind, one at least."""
Key = tuple[int, int, int]
"""What names a parameter or message on the wire: type, vendor, subtype (0 and 0 unless custom)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for sub-parameters: which classes (and their subclasses) may stand there, and how often."""

    name: str
    accepts: frozenset[type]
    least: int
    many: bool

    def takes(self, cls: type) -> bool:
        """Say whether a parameter of this class may stand here."""
        return not self.accepts.isdisjoint(cls.__mro__)


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything the codec needs to know about a class."""

    key: Key
    fields: tuple[Field, ...]
    slots: tuple[Slot, ...]
    since: int
    """The first protocol version that has it."""


_KEYS: dict[type, Key] = {}
_SINCE: dict[type, int] = {}
_PARAMETERS: dict[Key, type] = {}
_MESSAGES: dict[Key, type] = {}
_LAYOUTS: dict[type, Layout] = {}


class CustomParameter:
    """What may stand wherever the standard lets vendors add something."""

    __slots__ = ()


@dataclass_transform(frozen_default=True)
def parameter(number: int, *, since: int = 1) -> Callable[[type[_T]], type[_T]]:
    """Make a class the frozen record of a parameter type that there is since a protocol version."""
    return _register(_PARAMETERS, (number, 0, 0), since)


@dataclass_transform(frozen_default=True)
def custom_parameter(vendor: int, subtype: int) -> Callable[[type[_T]], type[_T]]:
    """Make a class the frozen record of a vendor's own parameter."""
    return _register(_PARAMETERS, (CUSTOM, vendor, subtype))


@dataclass_transform(frozen_default=True)
def message(number: int, *, since: int = 1) -> Callable[[type[_T]], type[_T]]:
    """Make a class the frozen record of a message type that there is since a protocol version."""
    return _register(_MESSAGES, (number, 0, 0), since)


@dataclass_transform(frozen_default=True)
def custom_message(vendor: int, subtype: int) -> Callable[[type[_T]], type[_T]]:
    """Make a class the frozen record of a vendor's own message."""
    return _register(_MESSAGES, (CUSTOM, vendor, subtype))


def parameter_class(key: Key) -> type | None:
    """Find the class of a parameter, a general one for a vendor's unknown; None where nobody described it."""
    return _PARAMETERS.get(key) or _PARAMETERS.get((key[0], 0, 0))


def message_class(key: Key) -> type | None:
    """Find the class of a message; None where nobody described it."""
    return _MESSAGES.get(key)


def message_classes() -> tuple[type, ...]:
    """List every message that is described."""
    return tuple(_MESSAGES.values())


def parameter_classes() -> tuple[type, ...]:
    """List every parameter that is described."""
    return tuple(_PARAMETERS.values())


def layout(cls: type) -> Layout:
    """Return how a class looks on the wire. Raises KeyError when the class is no message or parameter."""
    return _LAYOUTS.get(cls) or _LAYOUTS.setdefault(cls, _read_layout(cls))


def way_to(part: object, message: object) -> tuple[int, ...]:
    """Return the types of the parameters that lead from a message's body to one of its parameters, that one last."""
    for slot in layout(type(message)).slots:
        value = getattr(message, slot.name)
        for inner in value if slot.many else (value,) if value is not None else ():
            number = layout(type(inner)).key[0]
            if inner is part:
                return (number,)
            if further := way_to(part, inner):
                return (number, *further)
    return ()


def _read_layout(cls: type) -> Layout:
    key: Key = _KEYS[cls]
    fields: list[Field] = []
    slots: list[Slot] = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        kind = _kind(hint)
        if kind is None:
            slots.append(_slot(name, hint))
        else:
            fields.append(Field(name, kind, get_args(hint)[0]))
    return Layout(key, tuple(fields), tuple(slots), _SINCE[cls])


def _register(registry: dict[Key, type], key: Key, since: int = 1) -> Callable[[type[_T]], type[_T]]:
    def decorate(cls: type[_T]) -> type[_T]:
        made = dataclass(frozen=True, slots=True)(cls)
        registry[key] = made
        _KEYS[made] = key
        _SINCE[made] = since
        return made

    return decorate


def _kind(hint: Any) -> Kind | None:
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Bits | Fixed | Counted | Utf8 | BitCounted | Rest):
            return note
    return None


def _slot(name: str, hint: Any) -> Slot:
    least = 1 if _AT_LEAST_ONE in getattr(hint, "__metadata__", ()) else 0
    origin = get_origin(hint)
    if origin is Annotated:
        hint = get_args(hint)[0]
        origin = get_origin(hint)
    if origin is tuple:
        return Slot(name, _classes(get_args(hint)[0]), least, many=True)
    optional = origin in (Union, UnionType) and NoneType in get_args(hint)
    return Slot(name, _classes(hint), 0 if optional else 1, many=False)


def _classes(hint: Any) -> frozenset[type]:
    if get_origin(hint) in (Union, UnionType):
        return frozenset(cls for cls in get_args(hint) if cls is not NoneType)
    return frozenset((hint,))
