-- Bytes as jsonb for people to look at; null where they are not UTF-8 or not valid as such, never an error.
create function heartline.as_jsonb(payload bytea) returns jsonb
language plpgsql immutable
as $$
begin
    return convert_from(payload, 'UTF8')::jsonb;
exception when others then
    return null;
end
$$;
