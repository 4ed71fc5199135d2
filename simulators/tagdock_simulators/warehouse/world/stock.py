"""What lies in the bins, and what the books say of it: two things, which mistakes drive apart."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tagdock_simulators.warehouse.world.items import Item, Kind
from tagdock_simulators.warehouse.world.settings import Settings


class Bin:
    """One bin: the items in it, first in first out, and the books' counts by SKU."""

    __slots__ = ("booked", "capacity", "id", "items")

    def __init__(self, id_: str, capacity: int) -> None:
        self.id = id_
        self.capacity = capacity
        self.items: list[Item] = []
        self.booked: Counter[str] = Counter()

    @property
    def room(self) -> int:
        """Return how many more items go in: whoever stands before it sees that."""
        return self.capacity - len(self.items)

    def counted(self) -> Counter[str]:
        """Count what is in it."""
        return Counter(item.kind.sku for item in self.items)

    def first(self, sku: str, count: int) -> list[Item]:
        """Return the items of a SKU that have lain there longest, `count` at most."""
        return [item for item in self.items if item.kind.sku == sku][:count]


class Stock:
    """All bins; a pick face for each SKU, and reserve bins for whatever does not go there."""

    def __init__(self, faces: Mapping[str, str], reserve: list[str], settings: Settings) -> None:
        self._faces = {sku: Bin(id_, settings.face_items) for sku, id_ in faces.items()}
        self._empty = {id_: Bin(id_, settings.reserve_items) for id_ in reversed(reserve)}
        self._reserve = frozenset(self._empty)
        self.bins = {bin_.id: bin_ for bin_ in (*self._faces.values(), *self._empty.values())}
        self._booked_in: dict[str, dict[str, None]] = defaultdict(dict)
        self.booked: Counter[str] = Counter()
        """Items of each SKU that the books show in bins."""

    def face(self, kind: Kind) -> Bin:
        """Return a SKU's pick face."""
        return self._faces[kind.sku]

    def booked_in(self, kind: Kind) -> Iterator[Bin]:
        """Yield the bins in which the books show a SKU: the pick face first, then reserve bins, oldest first."""
        face = self._faces[kind.sku]
        yield face
        for id_ in list(self._booked_in[kind.sku]):
            if id_ != face.id:
                yield self.bins[id_]

    def book(self, bin_: Bin, sku: str, change: int) -> None:
        """Change the books."""
        bin_.booked[sku] += change
        self.booked[sku] += change
        if bin_.booked[sku]:
            self._booked_in[sku][bin_.id] = None
        else:
            del bin_.booked[sku]
            self._booked_in[sku].pop(bin_.id, None)
            self._free(bin_)
        if not self.booked[sku]:
            del self.booked[sku]

    def room_for(self, kind: Kind, count: int) -> list[tuple[Bin, int]]:
        """Find room: the pick face where nothing lies in reserve, else bins with the SKU, else empty ones."""
        places: list[tuple[Bin, int]] = []
        own = list(self.booked_in(kind))
        for bin_ in own if len(own) == 1 else own[1:]:
            if count and bin_.room > 0:
                places.append((bin_, min(count, bin_.room)))
                count -= places[-1][1]
        while count:
            empty = self._next_empty()
            if empty is None:
                break
            places.append((empty, min(count, empty.room)))
            count -= places[-1][1]
        return places

    def put(self, bin_: Bin, items: Sequence[Item]) -> None:
        """Put items into a bin. Raises ValueError when they don't fit: whoever puts has to look first."""
        if len(items) > bin_.room:
            raise ValueError(f"bin {bin_.id} has room for {bin_.room} items, not for {len(items)}")
        bin_.items += items

    def take(self, bin_: Bin, items: Sequence[Item]) -> None:
        """Take items out of a bin. Raises ValueError when one is not in it."""
        for item in items:
            bin_.items.remove(item)
        self._free(bin_)

    def _free(self, bin_: Bin) -> None:
        if bin_.id in self._reserve and not bin_.items and not bin_.booked:
            self._empty[bin_.id] = bin_

    def _next_empty(self) -> Bin | None:
        while self._empty:
            _, bin_ = self._empty.popitem()
            if not bin_.items and not bin_.booked:
                return bin_
        return None
