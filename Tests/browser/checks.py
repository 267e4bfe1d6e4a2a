"""Sentences that are true or not, counted."""

import inspect
import sys
import time
import traceback


class Failed(Exception):
    """A sentence was not true, and what follows needs it."""


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, sentence, is_true, seen=""):
        """Counts; the test goes on either way."""
        if is_true:
            self.passed += 1
            print(f"  ✔ {sentence}", flush=True)
        else:
            self.failed += 1
            print(
                f"  ✘ {sentence}" + (f"\n    seen: {seen!r}"[:2_000] if seen != "" else ""),
                flush=True,
            )
        return bool(is_true)

    def that(self, sentence, is_true, seen=""):
        """Counts; the test ends here when it is not true."""
        if not self.check(sentence, is_true, seen):
            raise Failed(sentence)

    def tally(self, sentence, count, problems):
        """Many checks of one kind on one line."""
        self.passed += count - len(problems)
        self.failed += len(problems)
        print(
            f"  {'✘' if problems else '✔'} {sentence}: {count - len(problems)} of {count}",
            flush=True,
        )
        for problem in problems[:20]:
            print(f"    {problem}"[:1_500], flush=True)

    def skip(self, sentence, why):
        self.skipped += 1
        print(f"  – {sentence} (skipped: {why})", flush=True)

    def crash(self):
        self.failed += 1
        lines = traceback.format_exc().strip().splitlines()
        print("  ✘ " + "\n    ".join(lines[-14:]), flush=True)

    @property
    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


TESTS = []


def test(function):
    """The function's name is a sentence; one that takes `scripts` runs with and without them."""
    TESTS.append(function)
    return function


def variants(function):
    sentence = function.__name__.replace("_", " ")
    if "scripts" not in inspect.signature(function).parameters:
        return [(sentence, {})]
    return [
        (f"{sentence}, scripts {'on' if on else 'off'}", {"scripts": on}) for on in (True, False)
    ]


def run(site, files):
    """Runs every test in the order of the files."""
    for function in TESTS:
        if files and function.__module__ not in files:
            continue
        for sentence, arguments in variants(function):
            started = time.monotonic()
            print(f"\n{sentence}", flush=True)
            try:
                function(site, **arguments)
            except Failed:
                site.keep_what_is_open(sentence)
            except Exception:
                site.report.crash()
                site.keep_what_is_open(sentence)
            finally:
                site.close_people()
            print(f"  {time.monotonic() - started:.1f} s", flush=True)
    sys.stdout.flush()
