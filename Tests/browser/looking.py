"""Looks at the page in front: light and dark, wide and narrow.

With LONG set, each appearance is kept as a picture and judged by all rules; without, what cannot differ is judged once:
sizes and structure in light, colours at one width.
"""

import functools
import os
import pathlib
import re

LONG = bool(os.environ.get("LONG"))
THEMES = ("light", "dark")
WIDTHS = (1280, 320)
BYTES_MAX = 60_000
# Loading style sheets a second time serves one rule about locked orientation only.
AXE_ALL = """{
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  rules: {"target-size": {enabled: true}},
  resultTypes: ["violations"], preload: false,
}"""
# Between light and dark nothing differs but colours.
AXE_COLOURS = """{
  runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]},
  resultTypes: ["violations"], preload: false,
}"""
# Between wide and narrow nothing differs but sizes and what stands where.
AXE_SHAPES = AXE_ALL.replace("rules: {", 'rules: {"color-contrast": {enabled: false}, ')


@functools.cache
def axe():
    path = os.environ.get("AXE_JS")
    return pathlib.Path(path).read_text() if path else None


def look(person, name):
    """Keeps a picture of each appearance and counts what is wrong with it."""
    site, page = person.site, person.page
    body = person.answers[page].body()
    site.keep_document(f"{person.status} {name}", body)
    if axe():
        page.evaluate(axe())
    problems = []
    if len(body) >= BYTES_MAX:
        problems.append(f"{len(body)} bytes")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if LONG:
                file = re.sub(r"[^\w]+", "-", f"{name} {width} {theme}") + ".png"
                page.screenshot(path=site.pictures / file, full_page=True)
            found = overflow(page) + violations(page, width, theme)
            problems += [f"{width} {theme}: {problem}" for problem in found]
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    site.looks.append(name)
    appearances = len(WIDTHS) * len(THEMES)
    judged = appearances - (0 if LONG else 1) if axe() else 0
    site.report.tally(f"seen: {name}", 1 + appearances + judged, problems)
    if not axe():
        site.report.skip(f"accessibility of {name}", "AXE_JS is not set")


def overflow(page):
    """What reaches over the right edge, so that the page scrolls sideways."""
    return page.evaluate("""() => {
      const edge = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= edge) return [];
      const over = [...document.querySelectorAll("body *")].filter(
        (e) => e.getBoundingClientRect().right > edge + 0.5);
      return [`${document.documentElement.scrollWidth - edge} px over the edge: ` +
        over.slice(0, 5).map((e) => e.tagName + "." + e.className).join(", ")];
    }""")


def violations(page, width, theme):
    is_first_width, is_light = width == WIDTHS[0], theme == THEMES[0]
    if not axe() or not (LONG or is_first_width or is_light):
        return []
    if is_light:
        options = AXE_ALL if LONG or is_first_width else AXE_SHAPES
    else:
        options = AXE_COLOURS
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    return [
        f"{violation['id']}: {violation['help']}: "
        + " | ".join(
            f"{node['html'][:160]} ({node['failureSummary'][:200]})"
            for node in violation["nodes"][:3]
        )
        for violation in found
    ]
