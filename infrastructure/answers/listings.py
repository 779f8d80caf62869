"""The lists that there are. One is added here, and nowhere else."""

from infrastructure.answers.engines import ENGINES
from infrastructure.answers.keys import KEYS
from infrastructure.answers.listing import AnyListing

LISTINGS: tuple[AnyListing, ...] = (ENGINES, KEYS)
