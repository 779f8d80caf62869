-- Keep how far a source was imported.
select heartline.keep_source(
    %(source)s, %(gateway)s, %(kind)s, %(path)s, %(marks)s, %(problems)s, %(problem_count)s, %(records)s, %(recorded)s, %(events)s
)
