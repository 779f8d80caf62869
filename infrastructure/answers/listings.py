"""The lists that there are. One is added here, and nowhere else."""

from infrastructure.answers.compactions import COMPACTIONS
from infrastructure.answers.engines import ENGINES
from infrastructure.answers.keys import KEYS
from infrastructure.answers.listing import AnyListing
from infrastructure.answers.ticks import TICKS
from infrastructure.answers.token_usage import TOKEN_USAGE
from infrastructure.answers.turns import TURNS

LISTINGS: tuple[AnyListing, ...] = (ENGINES, TICKS, TURNS, COMPACTIONS, TOKEN_USAGE, KEYS)
