"""First fit that remembers where it found room, and has a planted bug: see ../drive.md."""
import sys

HELLO = "name cached-fit.py; can alloc align free again; tells flush; frees eager; placement lowest-fit"
areas, cache = {}, (0, 0, 0)  # start -> size, in bytes; where the last search ended, from where, and its alignment


def alloc(size, align, low, high):
    global cache
    end, start, aligned = cache
    at = end if (start, aligned) == (low, align) else low  # nothing lower was free when it was last looked for
    at = -(-at // align) * align
    while at + size <= high:
        ends = [s + n for s, n in areas.items() if s < at + size and at < s + n]
        if not ends:
            areas[at] = size
            cache = (at + size, low, align)
            return f"addr {at:x}"
        at = -(-max(ends) // align) * align
    return "err EBUSY"


for line in sys.stdin:
    request, *words = line.split()
    n = [int(word, 16) for word in words]
    if request == "hello":
        reply = HELLO
    elif request == "init":
        areas, cache, reply = {}, (0, 0, 0), "ok"
    elif request == "alloc":
        reply = alloc(*n[1:5])
    elif request == "free":  # the bug: where this area was there is room now, below what is remembered
        reply = f"flush {n[1]:x} {n[1] + areas.pop(n[1]):x}; ok"
    print(reply, flush=True)
