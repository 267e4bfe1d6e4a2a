"""Runs the tests of this directory; see `run`."""

import sys

from playwright.sync_api import sync_playwright

import checks
from site_under_test import Site

# In this order: the last ones look at everything that those before have left behind, and press it.
import the_whole_job  # noqa: F401
import bad_input  # noqa: F401
import record  # noqa: F401
import many_leads  # noqa: F401
import imports  # noqa: F401
import discovery  # noqa: F401
import keyboard  # noqa: F401
import every_page
import pressing  # noqa: F401


def main():
    report = checks.Report()
    with sync_playwright() as playwright:
        site = Site(playwright, report)
        try:
            checks.run(site, sys.argv[1:])
            every_page.sum_up(site)
        finally:
            site.close()
    print(f"\nScreenshots: {site.pictures}\n{report.line}")
    return 1 if report.failed or not report.passed else 0


sys.exit(main())
