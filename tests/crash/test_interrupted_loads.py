from collections.abc import Callable

from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.recorder import Recorder
from tests.crash.recording import make_recording
from tests.crash.recording_worker import deliveries_of


class InterruptedLedger(Ledger):
    """Lets something else happen between the reading of a stream's events and of its contents."""

    meanwhile: Callable[[], object] | None = None

    def equalities(self, gateway: str, engine_key: str) -> list[tuple[int, int, bytes]]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().equalities(gateway, engine_key)


def test_a_stream_that_grows_while_it_is_loaded_is_decided_on_again(ledger: Ledger, database: str) -> None:
    deliveries = deliveries_of(make_recording(1, 3).lifecycle[:40])
    half = len(deliveries) // 2
    other = Recorder(ledger)
    other.record(deliveries[:half])
    with InterruptedLedger.open(database) as interrupted:
        assert isinstance(interrupted, InterruptedLedger)
        interrupted.meanwhile = lambda: other.record(deliveries[half:-1])
        answers = Recorder(interrupted).record(deliveries[half:])
    assert [answer.outcome for answer in answers] == ["duplicate"] * (len(answers) - 1) + ["recorded"]
