"""
Clients and servers on a clock that does not wait: the proof of the pace.

`limits` are what a server admits by, `simulation` lets clients loose on one, and
`shapes` are the situations that the pace was searched in. `virtual` runs real
coroutines on the same kind of clock: the whole lane, with its queue and its timers.
"""
