-- Keep a snapshot; false if there is one of that version.
select heartline.keep_snapshot(%(partition)s, %(stream)s, %(version)s, %(type)s, %(payload)s)
