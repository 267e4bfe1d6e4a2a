"""What a run found: a line a check, tables of figures, and the count at the end."""
import sys
import time

passed = failed = skipped = 0
_begun = time.monotonic()


def check(what, ok, seen=""):
    """One promise and whether it was kept; `seen` is shown when it was not."""
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    say(("✔ " if ok else "✘ ") + what)
    if not ok and seen != "":
        say("    seen: " + str(seen)[:1500])
    return bool(ok)


def equal(what, seen, wanted):
    return check(what, seen == wanted, f"{seen!r}, not {wanted!r}")


def skip(what):
    global skipped
    skipped += 1
    say("– " + what)


def broke(what, trace):
    """A test that could not go on."""
    check(f"{what} ran to its end", False, trace)


def say(text=""):
    print(text, flush=True)


def chapter(title):
    say(f"\n{title}  ({time.monotonic() - _begun:.0f} s)\n")


def table(head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in [list(head)] + rows) for n in range(len(head))]
    for row in [list(head)] + rows:
        say("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def finish():
    say(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed + failed == 0)


def eventually(condition, seconds, pause=0.02):
    """The condition's first true value, or its last one when time is over."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(pause)
    return value
