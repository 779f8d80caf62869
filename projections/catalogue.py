"""The read models that there are."""

from projections.compactions.projection import COMPACTIONS
from projections.contexts.projection import CONTEXTS
from projections.engines.projection import ENGINES
from projections.keys.projection import KEYS
from projections.machinery.projection import AnyProjection
from projections.origins.projection import ORIGINS
from projections.search.projection import SEARCH
from projections.ticks.projection import TICKS
from projections.transcript_turns.projection import TRANSCRIPT_TURNS
from projections.turns.projection import TURNS

PROJECTIONS: tuple[AnyProjection, ...] = (
    ENGINES,
    KEYS,
    TURNS,
    TRANSCRIPT_TURNS,
    TICKS,
    CONTEXTS,
    COMPACTIONS,
    ORIGINS,
    SEARCH,
)
"""To add one, add its folder here and its objects to a migration."""

MACHINERY_OBJECTS = (
    "machinery/schema",
    "machinery/tables",
    "machinery/generations",
    "machinery/one_live",
    "machinery/offsets",
    "machinery/memories",
    "machinery/set_aside",
    "machinery/drop_generation",
    "machinery/make_writer",
    "machinery/begin_generation",
    "machinery/build_indexes",
    "machinery/swap_generation",
    "machinery/register_projection",
    "machinery/hold_offsets",
    "machinery/move_offsets",
    "machinery/keep_memories",
    "machinery/set_events_aside",
    "machinery/begin_partitions",
    "machinery/view",
)
"""What projections share, as paths below `projections/`, in the order of their making."""

OBJECTS = (*MACHINERY_OBJECTS, *(one for projection in PROJECTIONS for one in projection.objects))
"""All SQL objects of the projections."""
