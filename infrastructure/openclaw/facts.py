"""What one call of the host says, as commands for the engine that it belongs to."""

from domain import commands as ask
from domain.commands import Command
from domain.entries import Seen
from infrastructure.openclaw import calls
from infrastructure.openclaw.calls import Call
from infrastructure.openclaw.described import described
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.messages import Message, decode_message
from infrastructure.recorder.contents import Contents, Described, Met

HEARTBEAT_PROVIDER = "heartbeat"
"""What May's host writes as `messageProvider` of a heartbeat, where it never passes `isHeartbeat`."""

BROKEN_OFF = frozenset({"error", "aborted"})
"""Stop reasons of replies that are not accepted."""

NO_ANSWER = "no answer is on record"


def describe(place: int, raw: bytes) -> Described:
    """Say what identifies a message of the host, and what it says of itself."""
    return described(decode_message(raw, f"messages[{place}]"), raw)


def facts_of(call: Call, contents: Contents) -> list[Command]:
    """Give what a call says. It must be one that belongs to an engine."""
    at, delivery_id, session_id = call.at, call.delivery_id, call.session_id or ""
    transcript = call.params.transcript
    match call.params, call.result:
        case calls.Bootstrap(), calls.Bootstrapped(imported_messages=imported):
            return [
                ask.BootstrapEngine(
                    at=at,
                    delivery_id=delivery_id,
                    session_id=session_id,
                    imported_entries=imported or 0,
                    transcript=transcript,
                )
            ]
        case calls.Bootstrap(), _:
            return [ask.BootstrapEngine(at=at, delivery_id=delivery_id, session_id=session_id, transcript=transcript)]
        case calls.Maintain(), answer:
            done = answer if isinstance(answer, calls.Maintained) else calls.Maintained(reason=call.error or NO_ANSWER)
            return [
                ask.RecordMaintenance(
                    at=at,
                    delivery_id=delivery_id,
                    session_id=session_id,
                    changed=bool(done.changed),
                    bytes_freed=done.bytes_freed or 0,
                    rewritten_entries=done.rewritten_entries or 0,
                    reason=done.reason,
                    transcript=transcript,
                )
            ]
        case calls.Assemble() as asked, answer:
            return [_assembly(call, asked, answer if isinstance(answer, calls.Assembled) else None, contents)]
        case calls.Compact() as asked, answer:
            return _compaction(call, asked, answer if isinstance(answer, calls.Compacted) else None, contents)
        case calls.PrepareSubagentSpawn(child_session_key=child, context_mode=mode), _:
            return [ask.SpawnSubagent(at=at, delivery_id=delivery_id, child_key=child or "", mode=mode)]
        case calls.OnSubagentEnded(reason=reason), _:
            return [ask.EndSubagent(at=at, delivery_id=delivery_id, reason=reason or "not said")]
        case _:
            return _delivery(call, contents)


def _assembly(
    call: Call, asked: calls.Assemble, answer: calls.Assembled | None, contents: Contents
) -> ask.AssembleContext | ask.FailAssembly:
    session_id = call.session_id or ""
    if answer is None or answer.messages is None:
        reason = call.error or NO_ANSWER
        return ask.FailAssembly(
            at=call.at,
            delivery_id=call.delivery_id,
            evidence="recorded" if call.error else "absent",
            session_id=session_id,
            reason=reason,
        )
    history = contents.meet(asked.messages, describe)
    same = answer.messages == asked.messages  # most engines answer with what they were handed
    held = Met(history.digests, ()) if same else contents.meet(answer.messages, describe)
    return ask.AssembleContext(
        at=call.at,
        delivery_id=call.delivery_id,
        session_id=session_id,
        digests=held.digests,
        novel=held.novel,
        history=history.digests,
        novel_history=history.novel,
        prompt=text_seen(asked.prompt, contents),
        tokens=answer.estimated_tokens,
        budget=asked.token_budget,
        model=asked.model,
    )


def _compaction(call: Call, asked: calls.Compact, answer: calls.Compacted | None, contents: Contents) -> list[Command]:
    at, delivery_id, session_id = call.at, call.delivery_id, call.session_id or ""
    circumstances = call.params.runtime_context
    trigger = (circumstances.trigger if circumstances else None) or "not said"
    facts: list[Command] = []
    if trigger == "overflow":
        facts.append(
            ask.ReportOverflow(
                at=at,
                delivery_id=delivery_id,
                evidence="reconstructed",
                session_id=session_id,
                tokens=asked.current_token_count,
                budget=asked.token_budget,
            )
        )
    facts.append(
        ask.StartCompaction(
            at=at,
            delivery_id=delivery_id,
            session_id=session_id,
            trigger=trigger,
            target=asked.compaction_target,
            forced=bool(asked.force),
            tokens=asked.current_token_count,
            budget=asked.token_budget,
            instructions=text_seen(asked.custom_instructions, contents),
            heartbeat=is_heartbeat(call),
            transcript=call.params.transcript,
        )
    )
    if answer is None or not answer.ok:
        reason = (answer.reason if answer else None) or call.error or NO_ANSWER
        facts.append(
            ask.FailCompaction(
                at=at,
                delivery_id=delivery_id,
                evidence="recorded" if answer or call.error else "absent",
                session_id=session_id,
                reason=reason,
            )
        )
        return facts
    reclaimed = answer.result or calls.Reclaimed()
    facts.append(
        ask.CompleteCompaction(
            at=at,
            delivery_id=delivery_id,
            session_id=session_id,
            compacted=bool(answer.compacted),
            summary=text_seen(reclaimed.summary, contents),
            first_kept=reclaimed.first_kept_entry_id,
            tokens_before=reclaimed.tokens_before,
            tokens_after=reclaimed.tokens_after,
            reason=answer.reason,
        )
    )
    return facts


def _delivery(call: Call, contents: Contents) -> list[Command]:
    at, delivery_id, session_id = call.at, call.delivery_id, call.session_id or ""
    history: tuple[bytes, ...] = ()
    if isinstance(call.params, calls.AfterTurn):
        history = call.params.messages[: call.params.pre_prompt_message_count]
    handed = contents.meet(history, describe)
    met = contents.meet(call.delivered, describe)
    facts: list[Command] = [
        ask.RecordEntries(
            at=at,
            delivery_id=delivery_id,
            session_id=session_id,
            method=call.method,
            digests=met.digests,
            novel=met.novel,
            history=handed.novel,
            heartbeat=is_heartbeat(call),
        )
    ]
    if isinstance(call.params, calls.CommitTurn):
        admission = call.params.admission or calls.TurnMark()
        terminal = call.params.terminal or calls.TurnMark()
        facts.append(
            ask.CommitTurn(
                at=at,
                delivery_id=delivery_id,
                session_id=session_id,
                turn_id=admission.logical_turn_id,
                advancement_key=call.params.advancement_key,
                first_position=admission.active_message_position,
                last_position=terminal.active_message_position,
                heartbeat=is_heartbeat(call),
                transcript=call.params.transcript,
            )
        )
        return facts
    last = last_delivered(call)
    if last is None:
        return facts
    if accepted(last[1]):
        facts.append(
            ask.CommitTurn(
                at=at,
                delivery_id=delivery_id,
                session_id=session_id,
                heartbeat=is_heartbeat(call),
                transcript=call.params.transcript,
            )
        )
    elif last[1].role == "assistant" and last[1].stop_reason in BROKEN_OFF:
        reason = last[1].error_message or last[1].stop_reason or "not said"
        facts.append(ask.FailTurn(at=at, delivery_id=delivery_id, session_id=session_id, reason=reason))
    return facts


def last_delivered(call: Call) -> tuple[bytes, Message] | None:
    """Give the last message that a call delivers, as its bytes and as read."""
    delivered = call.delivered
    return (delivered[-1], decode_message(delivered[-1])) if delivered else None


def accepted(message: Message) -> bool:
    """Say whether a message is a reply that ends its turn: it neither broke off nor asks for a tool."""
    return message.role == "assistant" and message.stop_reason not in BROKEN_OFF | {"toolUse"}


def is_heartbeat(call: Call) -> bool | None:
    """Say whether the host called it a heartbeat; None where it did not say."""
    said = getattr(call.params, "is_heartbeat", None)
    circumstances = call.params.runtime_context
    if said is None and circumstances and circumstances.message_provider is not None:
        return circumstances.message_provider == HEARTBEAT_PROVIDER
    return said if isinstance(said, bool) else None


def text_seen(text: bytes | None, contents: Contents) -> Seen | None:
    """Meet a text that is no message, if there is one."""
    return None if text is None else contents.text(text, len(text_of(text)))
