-- Some rows of a partition that one table holds and the other does not.
select t::text from (
    select * from {one} where partition = %(partition)s
    except
    select * from {other} where partition = %(partition)s
) t
order by 1
limit %(limit)s
