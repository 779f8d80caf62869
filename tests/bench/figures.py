"""What a benchmark answers: figures, each with its target and how far its rounds lay apart."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct


class Figure(Struct, frozen=True, kw_only=True):
    """One figure: the median over `rounds`, which lay between `low` and `high`.

    `target` is what it must reach (or, `at_most`, must not exceed); None where it only informs.
    """

    name: str
    value: float
    unit: str = "x"
    target: float | None = None
    at_most: bool = False
    low: float
    high: float
    rounds: int
    note: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, `short`, or `-` where there is no target."""
        if self.target is None:
            return "-"
        reached = self.value <= self.target if self.at_most else self.value >= self.target
        return "ok" if reached else "short"

    def line(self) -> str:
        """One line for people."""
        sign = "<=" if self.at_most else ">="
        target = "" if self.target is None else f"{sign} {_number(self.target)}{self.unit}"
        spread = f"{_number(self.low)} to {_number(self.high)} in {self.rounds}"
        value = f"{_number(self.value)}{self.unit}"
        return f"{self.name:<38} {value:>14}  {target:<15} {self.verdict:<6} {spread:<28} {self.note}".rstrip()


def figure_of(
    name: str,
    values: Sequence[float],
    *,
    target: float | None = None,
    at_most: bool = False,
    unit: str = "x",
    note: str = "",
) -> Figure:
    """Make a figure of what its rounds gave."""
    return Figure(
        name=name,
        value=median(values),
        unit=unit,
        target=target,
        at_most=at_most,
        low=min(values),
        high=max(values),
        rounds=len(values),
        note=note,
    )


def ratios(ours: Sequence[float], peers: Sequence[float]) -> list[float]:
    """Divide round by round."""
    return [one / other for one, other in zip(ours, peers, strict=True)]


def rate(values: Sequence[float], what: str = "/s") -> str:
    """Write the median of rates for a note."""
    return f"{median(values):,.0f}{what}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
