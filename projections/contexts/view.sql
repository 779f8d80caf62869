-- Contexts for people.
create view heartline.contexts as
    select gateway, engine_key, routing_key, agent, basis, number, session_id,
        (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
        partition || '-' || turn_position as turn_event_id, attempt, model, entries, tokens, budget,
        history, summary, this_turn, system, tools, unattributed, to_timestamp(occurred_at / 1000000.0) as occurred_at, version,
        partition || '-' || position as event_id
    from heartline_projections.contexts c;
comment on view heartline.contexts is
    'Every context that an engine assembled or that the model received, and what its tokens go to (estimated).';
comment on column heartline.contexts.gateway is 'The host installation.';
comment on column heartline.contexts.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.contexts.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.contexts.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.contexts.basis is 'assembled (what the engine answered) or submitted (what the model received).';
comment on column heartline.contexts.number is 'Its number among the contexts of its stream and basis, from 1.';
comment on column heartline.contexts.session_id is 'The session that it was made for.';
comment on column heartline.contexts.turn_id is 'The turn that it was assembled for, as turns has it; null for a submitted one.';
comment on column heartline.contexts.turn_event_id is
    'The event_id that this turn has in turns: to join on. null for a submitted one.';
comment on column heartline.contexts.attempt is 'The attempt at that turn, from 1; null for a submitted one.';
comment on column heartline.contexts.model is 'The model that it was for; null where nobody said.';
comment on column heartline.contexts.entries is 'How many entries it holds.';
comment on column heartline.contexts.tokens is 
    'Tokens in all: of an assembled one as its engine estimated, of a submitted one with system and tools; null where nobody said.';
comment on column heartline.contexts.budget is 'Tokens that it could have; null where nobody said.';
comment on column heartline.contexts.history is 'Tokens of what was said before this turn.';
comment on column heartline.contexts.summary is 'Tokens of summaries.';
comment on column heartline.contexts.this_turn is 'Tokens of this turn''s own entries and prompt.';
comment on column heartline.contexts.system is 'Tokens of the system prompt; null where it is not on record.';
comment on column heartline.contexts.tools is 'Tokens of tool definitions; null where they are not on record.';
comment on column heartline.contexts.unattributed is 
    'Tokens that its engine counted beyond our estimate of what it holds, never less than 0; null where either is unknown.';
comment on column heartline.contexts.occurred_at is 'When it was made.';
comment on column heartline.contexts.version is 'The version of its event in its stream.';
comment on column heartline.contexts.event_id is 'The id of its event.';
