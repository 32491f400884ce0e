"""First fit with lazy frees:  vmapcheck drive -- python3 first-fit.py  (../drive.md)"""
import sys

HELLO = "name first-fit.py; can alloc align free purge again; tells flush lazy; frees lazy; placement lowest-fit"
areas, lazy, limit = {}, {}, 0  # start -> size, in bytes; what is lazy is not given out again before a purge


def alloc(size, align, low, high):
    at = -(-low // align) * align
    while at + size <= high:
        ends = [s + n for s, n in [*areas.items(), *lazy.items()] if s < at + size and at < s + n]
        if not ends:
            areas[at] = size
            return f"addr {at:x}"
        at = -(-max(ends) // align) * align
    return None


def purge():
    flush = f"flush {min(lazy):x} {max(s + n for s, n in lazy.items()):x};" if lazy else ""
    lazy.clear()
    return flush


for line in sys.stdin:
    request, *words = line.split()
    n = [int(word, 16) for word in words]
    if request == "hello":
        reply = HELLO
    elif request == "init":
        areas, lazy, limit, reply = {}, {}, n[3] * 4096, "ok"
    elif request == "alloc":
        reply = alloc(*n[1:5]) or purge() + (alloc(*n[1:5]) or "err EBUSY")
    elif request == "free":
        lazy[n[1]] = areas.pop(n[1])
        reply = (purge() if sum(lazy.values()) > limit else "") + "ok"
    elif request == "purge":
        reply = purge() + "ok"
    print(reply if request == "hello" else f"{reply}; lazy {sum(lazy.values()) // 4096:x}", flush=True)
