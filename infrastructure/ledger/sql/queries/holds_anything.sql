-- Whether a ledger holds anything that happened.
select exists (select from heartline.events) or exists (select from heartline.deliveries)
    or exists (select from heartline.content)
