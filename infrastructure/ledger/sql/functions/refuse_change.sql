-- What happened is not changed: every UPDATE, DELETE and TRUNCATE of events fails, whoever asks.
create function heartline.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '% of heartline.% is refused: events are never changed. To erase content, see ContentErased.',
        tg_op, tg_table_name using errcode = 'HL003';
end
$$;
