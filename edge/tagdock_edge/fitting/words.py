"""A fit as text: accuracy before and after, and the block for the configuration."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from tagdock_edge.config import PassageConfig, Thresholds
from tagdock_edge.fitting.fit import Fit
from tagdock_edge.fitting.tally import Tally

_COUNTS = ("right", "uncertain", "missed", "wrong_door", "wrong_way", "twice", "invented")


def table(fit: Fit) -> Iterator[str]:
    """Write the accuracy on held-out loads, as comments of a TOML file."""
    read = fit.tally_before.read
    yield f"# {read} held-out crossings with reads, of loads that the search never saw; {fit.trials} trials"
    heads = f"{'recall':>9}{'precise':>9}{'unsure':>9}{'missed':>9}{'door':>7}{'way':>7}{'twice':>7}{'invented':>9}"
    yield f"# {'':8}{heads}"
    yield _line("before", fit.tally_before)
    yield _line("after", fit.tally_after)
    if not fit.better:
        yield "# no thresholds were found that are better on them: these are the ones you have"


def _line(name: str, tally: Tally) -> str:
    shares = f"{tally.recall:9.2%}{tally.precision:9.2%}{tally.asking:9.2%}"
    counts = f"{tally.missed:9}{tally.wrong_door:7}{tally.wrong_way:7}{tally.twice:7}{tally.invented:9}"
    return f"# {name:8}{shares}{counts}"


def block(passage: PassageConfig, thresholds: Thresholds) -> Iterator[str]:
    """Write all of `[passage]`: its seconds as they are, and these thresholds."""
    yield "[passage]"
    yield f"left_after_s = {passage.left_after_s!r}"
    yield f"rested_after_s = {passage.rested_after_s!r}"
    for each in fields(thresholds):
        yield f"{each.name} = {getattr(thresholds, each.name)!r}"


def described(fit: Fit) -> dict[str, Any]:
    """Return the fit as JSON's objects."""
    return {
        "recommended": fit.better,
        "thresholds": {each.name: getattr(fit.recommended, each.name) for each in fields(Thresholds)},
        "held_out": {"before": _counts(fit.tally_before), "after": _counts(fit.tally_after)},
        "cost": {"before": fit.cost_before, "after": fit.cost_after},
        "trials": fit.trials,
    }


def _counts(tally: Tally) -> dict[str, Any]:
    shares = {"recall": round(tally.recall, 6), "precision": round(tally.precision, 6)}
    counts = {
        name: getattr(tally, name) for name in ("crossings", "unread", *_COUNTS, "asked", "claims", "claims_right")
    }
    return {**shares, **counts}
