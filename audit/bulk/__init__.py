"""The rules over more claims than fit into memory, or on many machines: buckets of patients as Parquet.

`partition` divides files into buckets, `tasks` judge one bucket each and then what all of them tell of clinicians,
`driving` has the tasks done one after the other or on a cluster. A task reads files, writes files under names of its
own and changes nothing else, so that it may be done again when a worker is lost.
"""
