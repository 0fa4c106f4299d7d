"""Every statistic the product shows, one module per subject.

Pure code: numpy, and scipy where a special function is needed; no Django, no database. A function returns its
value, or `Undefined` with the reason where the statistic does not exist for the data; it never returns NaN.
`python -m consilium.statistics CASES.json` computes cases from a file.
"""
