"""Every button of every form that the crawl met is pressed in the browser, with the form as it stands."""

import collections
import json

from playwright.sync_api import TimeoutError

from checks import test
from every_page import LONG, ROLES, crawl

# In the page: presses the button of this kind as a click on it would, also where it is folded away.
PRESS = r"""(key) => {
  const plain = (text) => text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "{id}").replace(/\d+/g, "N").split(" – ")[0];
  for (const form of document.forms) for (const button of form.elements) {
    if (button.localName !== "button" || button.type !== "submit" || button.disabled) continue;
    const action = (form.getAttribute("action") ?? location.pathname).split("?")[0];
    const word = button.name ? `${button.name}=${button.value}` : button.textContent.trim().replace(/\s+/g, " ");
    if (JSON.stringify([form.method, plain(action), plain(word)]) !== key) continue;
    form.noValidate = true;
    setTimeout(() => form.requestSubmit(button));
    return true;
  }
  return false;
}"""
# These take away what others stand on, or the session that all need.
LAST = ("archive", "deletion", "discard", "merge", "/sign-out", "/sessions", "/password")
# A page may have lost the button to another press.
PAGES_TRIED = 40
GONE = "no longer on any page"


@test
def every_button_of_every_form_is_pressed(site):
    pages = getattr(site, "pages", None) or [page for role in ROLES for page in crawl(site, role)]
    places = collections.defaultdict(list)
    for page in pages:
        for button in page.buttons:
            # With LONG set on each page that has it, by each role that sees it.
            kind = (button, *((page.pattern.split("?")[0], page.role) if LONG else ()))
            if len(places[kind]) < PAGES_TRIED:
                places[kind].append((page.role, page.path))
    kinds = sorted(places, key=lambda kind: (_place(kind[0]), kind))
    problems, gone, pressed, people = [], [], collections.Counter(), {}
    for number, kind in enumerate(kinds):
        # Not all on the first record of a list.
        begin = number * 7 % len(places[kind])
        tried = places[kind][begin:] + places[kind][:begin]
        problem = press(site, kind[0], tried, pressed, people)
        if problem == GONE:
            gone.append(" ".join(kind[0]))
        elif problem:
            problems.append(f"{' '.join(kind[0])}: {problem}")
    for kind in gone:
        # Another press took it away.
        site.report.skip(kind, GONE)
    site.report.tally("pressed, and answered with a page", len(kinds) - len(gone), problems)
    print(f"  {sum(pressed.values())} presses: {dict(sorted(pressed.items()))}")


def _place(button):
    return max((place for place, word in enumerate(LAST, 1) if word in " ".join(button)), default=0)


def press(site, button, places, pressed, people):
    """What is wrong with what came of it; None where nothing is."""
    key = json.dumps(button, separators=(",", ":"), ensure_ascii=False)
    for role, path in places:
        person = people[role] = people.get(role) or site.person(role)
        try:
            person.open(path)
            with person.page.expect_navigation(timeout=10_000):
                if not person.page.evaluate(PRESS, key):
                    raise LookupError
            status = person.status
        except LookupError:
            continue
        except TimeoutError:
            return f"{role} {path}: leads nowhere"
        pressed[status] += 1
        # What stands in the form may be wrong or overtaken; it is always told in a page of its own.
        if status in (200, 409, 422):
            return None
        return f"{role} {path}: {status}"
    return GONE
