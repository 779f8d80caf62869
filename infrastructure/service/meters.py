"""What Prometheus scrapes. No key, gateway or token is a label: their number has no bound."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which nobody asks for

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
GROUPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Meters:
    """The meters of one service."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "heartline_http_requests", "Requests that were answered.", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "heartline_http_request_seconds",
            "How long they took, body included.",
            ("route",),
            registry=registry,
            buckets=SECONDS,
        )
        self.refused = Counter(
            "heartline_http_refused", "Requests that were turned away at the gate.", ("code",), registry=registry
        )
        self.lines = Counter(
            "heartline_observations", "Observed calls, by what became of them.", ("outcome",), registry=registry
        )
        self.commands = Counter(
            "heartline_engine_commands", "Commands of engines, by what became of them.", ("outcome",), registry=registry
        )
        self.events = Counter("heartline_events_written", "Events that this process wrote.", registry=registry)
        self.group = Histogram(
            "heartline_commit_group",
            "How many deliveries were committed together.",
            registry=registry,
            buckets=GROUPS,
        )
        self.waiting = Gauge("heartline_waiting", "Deliveries that wait to be written.", registry=registry)
        self.readers = Gauge("heartline_live_readers", "Readers that follow the ledger.", registry=registry)
        self.live = Counter("heartline_live_events", "Events that were sent to them.", registry=registry)
        self.held = Gauge("heartline_held_bytes", "Bytes of bodies that are still arriving.", registry=registry)
        self.database = Gauge("heartline_database_up", "1 if the database answered just now.", registry=registry)
        self.ledger = Gauge("heartline_ledger_events", "Events in the ledger.", registry=registry)
        self.behind = Gauge("heartline_projections_behind_events", "Events not folded yet.", registry=registry)
        self.set_aside = Gauge(
            "heartline_projections_set_aside_events", "Events that a read model could not take.", registry=registry
        )

    def text(self) -> bytes:
        """Write all of them in Prometheus's text format."""
        return generate_latest(self._registry)
