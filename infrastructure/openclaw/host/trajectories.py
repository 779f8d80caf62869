"""The host's trajectory: what each run (one attempt at a turn) was for, what was billed, and how it ended."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.records import Place, Problem, Run
from infrastructure.openclaw.host.trajectory_events import Event, Said, read_event

_MOST_OPEN = 1_000
_MOST_KNOWN = 64
_WAITED_FOR = 1_000
_MOST_STARTS = 1_000
_MOST_KINDS = 100

_WORDLESS = frozenset(
    {"prompt.skipped", "tool.call", "tool.result", "tool.timeout", "model.fallback_step", "turn.started"}
)
"""The kinds of events that say nothing of a run that is told."""

_Key = tuple[str, str, str]


class Known(Struct, frozen=True):
    """What must be remembered of a run between two readings.

    `starts` are the numbers at which its attempts begin; its events up to `until` were told with those that are over.
    """

    part: str
    run_id: str
    starts: tuple[int, ...] = ()
    until: int = 0


class Runs:
    """Puts the events of trajectories together to runs. They are taken in the order in which the host wrote them.

    An attempt goes from `session.started` to `session.ended`; a failed one that the host repeats has no end, and is
    told when the next one of the same run starts. Its start may be missing too, where the host cut: then it begins
    with the first event of its that there is (`seq` begins anew with each attempt), which is its `started_at`.

    To read on later: take the events again from `unfinished` on, and give what is `known` back. A run that `rest` told
    without its end is told again then, from the same place.
    """

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self._open: dict[_Key, _Attempt] = {}
        self._known = {(one.part, one.run_id): one for one in known}
        self._kinds: set[str] = set()
        self._latest: dict[tuple[str, str], int] = {}

    def take(self, place: Place, event: bytes) -> Iterator[Run | Problem]:
        """Take one event, given as the exact bytes of its JSON object; give the runs that are complete by it."""
        self._latest.pop((place.path, place.part), None)
        self._latest[place.path, place.part] = place.number
        while len(self._latest) > _MOST_OPEN:
            del self._latest[next(iter(self._latest))]
        try:
            read, at = read_event(event)
            said = Said(read)
        except BadLine as error:
            yield Problem(place.path, place.part, place.number, error.reason)
            return
        match read.type:
            case "session.started":
                yield from self._closed(self._key(place, read))
                self._begun(place, read, at, said, missing=())
            case "session.ended":
                key = self._ended_key(place, read)
                yield from self._with(key, place, read, at, said)
                yield from self._closed(key)
            case kind if kind in _MEANINGFUL:
                yield from self._with(self._key(place, read), place, read, at, said)
            case kind if kind in _WORDLESS:
                pass
            case kind if kind not in self._kinds and len(self._kinds) < _MOST_KINDS:
                self._kinds.add(kind)
                yield Problem(place.path, place.part, place.number, f"events of an unknown kind: `{kind[:80]}`")
        while len(self._open) > _MOST_OPEN:
            yield from self._closed(next(iter(self._open)))

    def rest(self) -> Iterator[Run]:
        """Give the runs whose end has not come (yet), in the order in which they began."""
        for key in list(self._open):
            yield from self._closed(key)

    @property
    def unfinished(self) -> Mapping[tuple[str, str], int]:
        """From which number on each file's, or each part's, events must be taken again, where a run is not complete.

        A run whose end has not come within 1,000 numbers (the host was killed) is not waited for any longer.
        """
        first: dict[tuple[str, str], int] = {}
        for (path, part, _), attempt in self._open.items():
            number = attempt.run.place.number
            if number > self._latest.get((path, part), 0) - _WAITED_FOR:
                first[path, part] = min(first.get((path, part), number), number)
        return first

    @property
    def known(self) -> tuple[Known, ...]:
        """What is to be remembered of the latest runs."""
        return tuple(self._known.values())[-_MOST_KNOWN:]

    def _key(self, place: Place, event: Event) -> _Key:
        return place.path, place.part, f"{event.session_id}\x00{event.run_id or ''}"

    def _ended_key(self, place: Place, event: Event) -> _Key:
        """Find which attempt an end belongs to: one that the host adds after a restart need not name its run."""
        key = self._key(place, event)
        if event.run_id or key in self._open:
            return key
        same = (one for one, held in self._open.items() if held.run.session_id == event.session_id)
        return max(same, key=lambda one: self._open[one].run.place.number, default=key)

    def _with(self, key: _Key, place: Place, event: Event, at: int, said: Said) -> Iterator[Run]:
        """Add what an event says to its attempt; it begins one if the start of that is missing."""
        attempt = self._open.get(key)
        if attempt is not None and event.seq and event.seq <= attempt.seq:
            yield from self._closed(key)
            attempt = None
        if attempt is None:
            known = self._known.get((place.part, event.run_id or ""))
            if known is not None and place.number <= known.until and place.number not in known.starts:
                return  # an event of an attempt that is over, and was told before
            self._begun(place, event, at, said, missing=("session.started",))
            attempt = self._open[self._key(place, event)]
        attempt.add(event, at, said)
        attempt.last = place.number

    def _begun(self, place: Place, event: Event, at: int, said: Said, missing: tuple[str, ...]) -> None:
        run_id = event.run_id or ""
        run = Run(
            place=place,
            run_id=run_id,
            attempt=self._count(place, run_id),
            session_id=event.session_id,
            session_key=event.session_key,
            started_at=at,
            missing=missing,
        )
        attempt = self._open[self._key(place, event)] = _Attempt(run)
        if not missing:
            attempt.add(event, at, said)

    def _count(self, place: Place, run_id: str) -> int:
        """Say which attempt begins here; one that was counted before keeps its number."""
        known = self._known.get((place.part, run_id)) or Known(place.part, run_id)
        starts = known.starts
        if place.number not in starts and len(starts) < _MOST_STARTS:
            starts = tuple(sorted((*starts, place.number)))
        self._remember(replace(known, starts=starts))
        return starts.index(place.number) + 1 if place.number in starts else _MOST_STARTS + 1

    def _remember(self, known: Known) -> None:
        self._known.pop((known.part, known.run_id), None)
        self._known[known.part, known.run_id] = known
        while len(self._known) > _MOST_OPEN:
            del self._known[next(iter(self._known))]

    def _closed(self, key: _Key) -> Iterator[Run]:
        attempt = self._open.pop(key, None)
        if attempt is not None:
            run = attempt.run
            known = self._known.get((run.place.part, run.run_id)) or Known(run.place.part, run.run_id)
            self._remember(replace(known, until=max(known.until, attempt.last)))
            yield replace(run, grade="truncated") if run.missing else run


class _Attempt:
    """An attempt whose end has not come."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.seq = 0
        self.last = run.place.number

    def add(self, event: Event, at: int, said: Said) -> None:
        """Add what an event says; what one event lost, another may still say."""
        run = self.run
        self.seq = max(self.seq, event.seq or 0)
        model = run.model or event.model_id
        key = run.session_key or event.session_key
        match event.type:
            case "session.started":
                run = replace(run, trigger=said.text("trigger"))
            case "trace.metadata":
                engine = said.text("config", "redacted", "plugins", "slots", "contextEngine")
                run = replace(run, version=said.text("harness", "version"), engine=engine)
            case "context.compiled":
                run = replace(run, messages=said.length("messages"), system_characters=said.length("systemPrompt"))
            case "prompt.submitted":
                run = replace(run, prompt=said.raw("prompt"))
            case "model.completed" | "trace.artifacts":
                run = replace(
                    run,
                    usage=said.usage() or run.usage,
                    compactions=_known(said.count("compactionCount"), run.compactions),
                    error=_error(said) or run.error,
                    status=said.text("finalStatus") or run.status,
                    ended_at=at,
                )
            case "session.ended":
                status = said.text("status") or run.status
                run = replace(run, status=status, error=_error(said) or run.error, ended_at=at)
            case _:  # the host stopped writing, and says how many events it dropped
                said.missing.append(f"{event.type}: {said.count('droppedEvents') or 'unknown'} events were dropped")
        missing = tuple(dict.fromkeys((*run.missing, *said.missing)))
        self.run = replace(run, model=model, session_key=key, missing=missing)


_MEANINGFUL = frozenset(
    {"trace.metadata", "context.compiled", "prompt.submitted", "model.completed", "trace.artifacts", "trace.truncated"}
)


def _known(new: int | None, old: int | None) -> int | None:
    return old if new is None else new


def _error(said: Said) -> str | None:
    return said.text("promptError") or said.text("terminalError") or said.text("error") or said.text("error", "message")
