"""What carries tagged goods, and what the goods are made of: boxes in metres, losses in dB."""

from dataclasses import dataclass
from typing import Literal

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Material:
    """What a tag sticks on. All losses are one way."""

    name: str
    detuning_db: float
    """What the tag's antenna loses by lying on it."""
    through_db_per_m: float
    """What a metre of stacked goods takes from a wave that goes through them."""
    through_at_most_db: float
    """Waves find ways round the goods: more than this is not lost."""


CARDBOARD = Material("cardboard", 1.0, 3.0, 6.0)
"""Paper and air (assumed)."""
LIQUID = Material("liquid", 6.0, 30.0, 25.0)
"""Bottles of water. Pure water takes 33 dB a metre at 0.867 GHz and 20 degrees, from its Debye parameters (Kaatze 1989,
J. Chem. Eng. Data 34, 371; 80.2, 5.6 and 9.36 ps from memory); salt and sugar make it more; bottles fill two thirds of
a box and reflect. These losses are assumed."""
METAL = Material("metal", 10.0, 60.0, 30.0)
"""Cans or machine parts with paper labels. What a tag lies on can take more than 20 dB of the echo, 10 each way
(Griffin, Durgin, Haldi and Kippelen 2006, doi:10.1109/LAWP.2006.874072); waves come through gaps only (assumed)."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """What moves a load. `x` runs the way it faces, `y` to its left, both from its centre; `z` is over the floor.

    What frames, masts and bodies take (`frame_db`, `behind_db`) is assumed, and so are all sizes but a pallet's.
    """

    name: str
    goods_x_m: Span
    goods_y_m: Span
    goods_z_m: Span
    """The box that the tags are in or on."""
    ahead_m: float
    behind_m: float
    """How far its body reaches from the centre: what a photo-eye sees."""
    frame_db: float = 0.0
    """What its own frame takes of every wave, one way: a cage's wires."""
    behind_db: float = 0.0
    """What who drives or pushes it, or its mast, takes of waves from behind, one way."""
    labels: Literal["faces", "any"] = "faces"
    """How tags lie: flat along the sides of stacked cartons, or any way."""

    def __post_init__(self) -> None:
        for low, high in (self.goods_x_m, self.goods_y_m, self.goods_z_m):
            if not low < high:
                raise ValueError(f"a span of {self.name} ends before it begins: {low} to {high} m")


PALLET = Carrier("pallet", (-0.6, 0.6), (-0.4, 0.4), (0.3, 1.6), 0.6, 1.9, behind_db=3.0)
"""A EUR-pallet loaded to 1.6 m (EN 13698-1: 1.2 x 0.8 m) on a pallet truck, its driver behind it."""
LOADED_FORKLIFT = Carrier("loaded forklift", (-0.6, 0.6), (-0.4, 0.4), (0.4, 1.9), 0.6, 3.2, behind_db=10.0)
"""The same on a forklift's forks: mast and machine stand behind it."""
FORKLIFT = Carrier("empty forklift", (-0.2, 0.2), (-0.5, 0.5), (0.6, 2.0), 1.3, 2.6, behind_db=10.0)
"""A forklift without a load; its tag sits on the mast."""
CAGE = Carrier("cage", (-0.4, 0.4), (-0.36, 0.36), (0.2, 1.7), 0.4, 1.2, frame_db=3.0, behind_db=3.0, labels="any")
"""A roll cage, pushed by a person; its goods lie as they fell."""
CARTON = Carrier("carton on a belt", (-0.3, 0.3), (-0.2, 0.2), (0.85, 1.25), 0.3, 0.3)
"""One carton on a conveyor 0.8 m high."""
PERSON = Carrier("person", (0.2, 0.4), (-0.2, 0.2), (0.9, 1.4), 0.4, 0.3, behind_db=12.0, labels="any")
"""A person who carries an item before the chest."""
