-- A statement trigger: it fires also where no row would have matched. (Superusers can switch triggers off; `verify` finds it.)
create trigger events_are_immutable before update or delete or truncate on heartline.events
    for each statement execute function heartline.refuse_change();
