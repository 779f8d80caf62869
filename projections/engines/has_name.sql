-- Whether anything is on record of an engine key, a routing key or an agent (the one that is not null), at a gateway or at any.
select exists (
    select from heartline_projections.engines
    where (%(gateway)s::text is null or gateway = %(gateway)s)
        and (%(engine_key)s::text is null
            or hashtextextended(engine_key, 0) = hashtextextended(%(engine_key)s, 0) and engine_key = %(engine_key)s)
        and (%(routing_key)s::text is null
            or hashtextextended(routing_key, 0) = hashtextextended(%(routing_key)s, 0) and routing_key = %(routing_key)s)
        and (%(agent)s::text is null
            or hashtextextended(agent, 0) = hashtextextended(%(agent)s, 0) and agent = %(agent)s)
)
