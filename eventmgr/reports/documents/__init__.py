"""Writers: they turn report values into files and know no SQL.

Administrative papers are in Vietnamese whatever language the screen speaks, as the law has them.
"""
