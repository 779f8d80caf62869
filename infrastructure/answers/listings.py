"""The lists that there are. One is added here, and nowhere else."""

from infrastructure.answers.compactions import COMPACTIONS
from infrastructure.answers.engines import ENGINES
from infrastructure.answers.keys import KEYS
from infrastructure.answers.listing import AnyListing
from infrastructure.answers.token_usage import TOKEN_USAGE

LISTINGS: tuple[AnyListing, ...] = (ENGINES, KEYS, COMPACTIONS, TOKEN_USAGE)
