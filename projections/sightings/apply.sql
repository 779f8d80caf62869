-- Write the sightings of a batch together with the offset. Those without an identity are of entries that were seen before,
-- in this batch or in an earlier one, and take it from there.
create function heartline.apply_sightings(
    in_partition integer, from_position bigint, to_position bigint,
    positions bigint[], places integer[], gateways text[], identities bytea[], nameds boolean[], streams uuid[],
    versions bigint[], entries bigint[], revisions bigint[], session_ids text[], delivereds boolean[],
    occurred bigint[], recorded bigint[]
) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not heartline.advance(in_partition, 'sightings', from_position, to_position) then
        return false;
    end if;
    insert into heartline.sightings
        select in_partition, g.p, g.pl, g.gw, g.i, g.nm, g.st, g.v, g.e, g.r, g.se, g.d, g.o, g.rc
        from unnest(positions, places, gateways, identities, nameds, streams, versions, entries, revisions, session_ids,
            delivereds, occurred, recorded) as g (p, pl, gw, i, nm, st, v, e, r, se, d, o, rc)
        where g.i is not null;
    insert into heartline.sightings
        select in_partition, g.p, g.pl, g.gw, s.identity, s.named, g.st, g.v, g.e, g.r, g.se, g.d, g.o, g.rc
        from unnest(positions, places, gateways, identities, nameds, streams, versions, entries, revisions, session_ids,
            delivereds, occurred, recorded) as g (p, pl, gw, i, nm, st, v, e, r, se, d, o, rc)
        cross join lateral (
            select k.identity, k.named from heartline.sightings k
            where k.partition = in_partition and k.stream = g.st and k.entry = g.e and k.revision = g.r
            order by k.position limit 1
        ) s
        where g.i is null;
    return true;
end
$$;
