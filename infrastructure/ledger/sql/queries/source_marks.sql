-- Where reading a source goes on; no row if it was never read.
select marks from heartline.sources where source = %(source)s
