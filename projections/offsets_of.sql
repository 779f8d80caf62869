-- How far a projection has folded each partition.
select partition, position from heartline.projection_offsets where projection = %(projection)s
