-- A delivery that was forgotten could be recorded twice.
create trigger deliveries_are_immutable before update or delete or truncate on heartline.deliveries
    for each statement execute function heartline.refuse_change();
