-- Keep everybody else from a ledger until the transaction ends. Whoever opened it before goes on knowing what it was.
lock table heartline.ledger, heartline.heads, heartline.events, heartline.deliveries, heartline.content, heartline.gateways
    in access exclusive mode
