-- The name that is kept for a source.
select gateway from heartline.gateways where source = %(source)s
