-- Take away an empty ledger: what it is, and names of sources of which nothing was recorded.
with heads as (delete from heartline.heads), gateways as (delete from heartline.gateways),
    snapshots as (delete from heartline.snapshots), sources as (delete from heartline.sources)
delete from heartline.ledger
