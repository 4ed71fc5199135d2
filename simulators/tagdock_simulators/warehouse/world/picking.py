"""Orders become tours through the pick faces, and tours become pallets."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from zlib import crc32

from tagdock_simulators.warehouse.floor import OUTBOUND_DOORS
from tagdock_simulators.warehouse.orders import OrderLine
from tagdock_simulators.warehouse.world.counting import Counting
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import Item, Kind
from tagdock_simulators.warehouse.world.receiving import Receiving
from tagdock_simulators.warehouse.world.records import Order
from tagdock_simulators.warehouse.world.shipping import Shipping
from tagdock_simulators.warehouse.world.stealing import Stealing
from tagdock_simulators.warehouse.world.stock import Bin
from tagdock_simulators.warehouse.world.storing import Storing

CART = "CART"
"""All carts together: an area as any other."""

_Want = tuple[Kind, int]


class Picking:
    """Takes orders, allocates stock to them and has them picked."""

    def __init__(
        self,
        house: House,
        storing: Storing,
        receiving: Receiving,
        shipping: Shipping,
        counting: Counting,
    ) -> None:
        self._house = house
        self._storing = storing
        self._receiving = receiving
        self._shipping = shipping
        self._counting = counting
        self._stealing = Stealing(house)

    def order(self, invoice: str, lines: Sequence[OrderLine]) -> None:
        """Take an order; what the books don't show is cut from it."""
        house = self._house
        wanted = list(self._wanted(lines))
        door = OUTBOUND_DOORS[crc32(invoice.encode()) % len(OUTBOUND_DOORS)]
        got: list[_Want] = []
        for kind, count in wanted:
            free = house.stock.booked[kind.sku] - house.allocated[kind.sku]
            got.append((kind, max(0, min(count, free))))
            house.allocated[kind.sku] += got[-1][1]
        cut = tuple((kind.sku, n - has) for (kind, n), (_, has) in zip(wanted, got, strict=True) if n > has)
        house.told.append(Order(house.now, invoice, door, tuple((kind.sku, n) for kind, n in wanted), cut))
        self._tours(invoice, door, [(kind, n) for kind, n in got if n])

    def _wanted(self, lines: Sequence[OrderLine]) -> Iterator[_Want]:
        """Turn pieces into items, one entry a SKU."""
        pieces: dict[str, int] = {}
        for line in lines:
            pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
        for sku, count in pieces.items():
            kind = self._house.kinds[sku]
            items = kind.items(count, self._house.settings.items_a_line_at_most)
            self._receiving.wants(kind, items)
            yield kind, items

    def _tours(self, order: str, door: str, wants: list[_Want]) -> None:
        """Give the order's lines to pickers, some lines a tour."""
        house, settings = self._house, self._house.settings
        for first in range(0, len(wants), settings.tour_lines):
            tour = wants[first : first + settings.tour_lines]
            work_s = [settings.pick_line_s + settings.pick_item_s * count for _, count in tour]
            begin, end = house.pickers.take(house.now, settings.tour_s + sum(work_s))
            at = begin + timedelta(seconds=settings.tour_s / 2.0)
            cart: list[Item] = []
            booked: list[tuple[str, int]] = []
            for want, needs_s in zip(tour, work_s, strict=True):
                at += timedelta(seconds=needs_s)
                house.agenda.put(at, self._pick, order, want, cart, booked)
            house.agenda.put(end, self._shipping.pack, order, door, cart, booked)

    def _pick(self, order: str, want: _Want, cart: list[Item], booked: list[tuple[str, int]]) -> None:
        """Pick one line: from the face first, then from reserve; what is not there where it is booked is reported."""
        house, (kind, count) = self._house, want
        left = count
        for bin_ in list(house.stock.booked_in(kind)):
            if left == 0:
                break
            booked_here = min(left, bin_.booked[kind.sku])
            left -= self._take(order, kind, bin_, booked_here, cart) if booked_here else 0
        house.allocated[kind.sku] -= count
        if count > left:
            booked.append((kind.sku, count - left))
        self._storing.watch(kind)
        if house.goes_wrong("stolen"):
            self._stealing.plan(kind)

    def _take(self, order: str, kind: Kind, bin_: Bin, want: int, cart: list[Item]) -> int:
        """Take items out of a bin onto the cart; returns how many are booked as taken."""
        house = self._house
        items = bin_.first(kind.sku, want)
        found = len(items)
        if found < want:
            self._counting.soon(bin_)
        if items and house.goes_wrong("short-shipment"):
            left_behind = items.pop()
            house.mistake(
                "short-shipment",
                bin_.id,
                order,
                [left_behind.epc.urn],
                f"1 x {kind.sku} of order {order} is booked as picked but lies in bin {bin_.id} and passes no door",
            )
        house.move(items, "picking", bin_.id, CART, order)
        house.book(bin_, kind.sku, -found, order)
        cart += items
        return found
