-- The tables whose rows should be immutable and are not: no trigger fires before every UPDATE, DELETE and TRUNCATE (58 of
-- 59: before, for each statement, on the three), without condition, and refuses.
select wanted.name
from (values ('events'), ('deliveries')) as wanted (name)
where not exists (
    select from pg_trigger t
    where t.tgrelid = to_regclass('heartline.' || wanted.name) and t.tgfoid = to_regproc('heartline.refuse_change')
        and t.tgenabled in ('O', 'A') and t.tgtype & 59 = 58 and t.tgqual is null and t.tgattr = ''::int2vector
)
