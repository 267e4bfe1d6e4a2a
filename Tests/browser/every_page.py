"""Every page of the site: all of them by their markup and size, each kind of them by eye."""

import collections
import html.parser
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

from checks import test
from looking import BYTES_MAX, look
from site_under_test import ID, ROOT, pattern

ROLES = ("sales", "reviewer", "admin")
LONG = bool(os.environ.get("LONG"))
# Of pages that differ only in what their query says, and of records of one kind.
QUERIES_MAX = 60 if LONG else 15
RECORDS_MAX = None if LONG else 15
NOT_PAGES = {"/healthz", "/readyz", "/metrics", "/leads.csv", "/imports/{id}/left.csv"}
# Behind a form or a redirect, where no link leads.
REACHED_BY_FORMS = collections.defaultdict(list, sales=["/leads/bulk?all=1&stage=decision"])
# Only there while something runs; discovery.py looks at it.
PASSING = {"/leads/{id}/questions/search"}
# Leads on to the list that it stands for.
LEADING_ON = {"/segments/{id}"}


@test
def every_page_is_seen(site):
    pages = site.pages = [page for role in ROLES for page in crawl(site, role)]
    site.report.tally(
        "crawled: every link of every page leads to a page",
        len(pages),
        [f"{page.role} {page.path}: {page.status}" for page in pages if page.status != 200],
    )
    site.report.tally(
        f"crawled: under {BYTES_MAX} bytes",
        len(pages),
        [
            f"{page.role} {page.path}: {page.size}"
            for page in pages
            if page.size >= BYTES_MAX
        ],
    )
    sizes = [page.size for page in pages]
    print(
        f"  {len(pages)} pages, median {statistics.median(sizes):.0f}, largest {max(sizes)} bytes"
    )

    patterns = {page.pattern.split("?")[0] for page in pages} | {"/sign-in"}
    routes = get_routes()
    site.report.tally(
        "every route that answers GET was met",
        len(routes),
        [route for route in sorted(routes) if route not in patterns],
    )

    chosen = cover(pages)
    people = {role: site.person(role) for role in ROLES}
    for number, page in enumerate(chosen):
        look(people[page.role].open(page.path), f"{page.name} {number}")


@test
def the_list_of_keys_is_seen(site):
    sales = site.person("sales").open("/today")
    sales.page.keyboard.press("?")
    look(sales, "shortcuts")


@test
def what_the_operator_asks_is_answered(site):
    for path, words in (("/healthz", b"alive"), ("/readyz", b"ready"), ("/metrics", b"# TYPE")):
        status, headers, body = site.fetch(path)
        site.report.check(f"{path} answers", status == 200 and words in body, (status, body[:200]))


class Page:
    """A page that was fetched: what it links to and what it is built of."""

    def __init__(self, role, path, status, body):
        self.role, self.path, self.status, self.size = role, path, status, len(body)
        self.pattern = pattern(path)
        self.name = re.sub(r"\W+", " ", f"{self.pattern.replace('{id}', 'record')} {role}").strip()
        parser = Parser()
        parser.feed(body.decode())
        self.links = parser.links
        self.buttons = parser.buttons(path)
        self.features = {(self.pattern.split("?")[0], mark) for mark in parser.marks}
        self.features.add((role, self.pattern.split("?")[0]))


def plain(text):
    """Without what is one record's own (its name stands behind a dash), and without counts."""
    return re.sub(r"\d+", "N", ID.sub("{id}", text)).split(" – ")[0]


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.marks = [], set()
        self._forms, self._form, self._buttons, self._words = {}, None, [], None

    def buttons(self, path):
        """Each kind that submits a form: method, action, and its name or its words."""
        found = set()
        for form, name, words in self._buttons:
            method, action = self._forms.get(form, ("get", None))
            action = (action if action is not None else path).split("?")[0]
            if method != "dialog":
                found.add((method, plain(action), plain(name or " ".join("".join(words).split()))))
        return found

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a" and values.get("href", "").startswith("/"):
            self.links.append(values["href"].split("#")[0])
        for name in (values.get("class") or "").split():
            self.marks.add(f"{tag}.{name}")
        if tag == "button" and values.get("type", "submit") == "submit" and "disabled" not in values:
            name = f"{values['name']}={values.get('value', '')}" if values.get("name") else ""
            self._words = []
            self._buttons.append((values.get("form") or self._form, name, self._words))
        if tag == "form":
            self._form = values.get("id") or f"form {len(self._forms)}"
            self._forms[self._form] = (
                (values.get("method") or "get").lower(), values.get("action"))
            self.marks.add(f"form {ID.sub('{id}', values.get('action') or '')}")

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "button":
            self._words = None

    def handle_data(self, data):
        if self._words is not None:
            self._words.append(data)


def crawl(site, role):
    """Every page that links lead to, from the start page on, as this role; of the pages that differ only
    in what their query says (filters of a timeline, say), the first few. Unless LONG is set, also of the records of
    one kind."""
    site.person(role)
    cookies = site.cookies[role]
    seen, waiting, pages = {"/"}, ["/", "/leads?q=nobody-is-called-that", *REACHED_BY_FORMS[role]], []
    met = collections.Counter()
    while waiting:
        path = waiting.pop(0)
        status, headers, body = site.fetch(path, cookies)
        if status in (302, 303):
            links = [headers["Location"]]
        elif "html" not in headers.get("Content-Type", ""):
            continue  # a file to download
        else:
            page = Page(role, path, status, body)
            site.keep_document(f"{role} {path}", body)
            pages.append(page)
            links = page.links
        for link in links:
            if link in seen:
                continue
            seen.add(link)
            if "size=100" in link:
                continue  # who asks for a hundred rows gets a page as large
            path_only = pattern(link).split("?")[0]
            met[path_only] += 1
            limit = QUERIES_MAX if "?" in link else RECORDS_MAX
            if limit is None or met[path_only] <= limit:
                waiting.append(link)
    return pages


def get_routes():
    """What the source says answers GET, but for what only machines ask."""
    found = set()
    for file in (ROOT / "Sources/Web").rglob("*.swift"):
        for route in re.findall(r'router\.get\("([^"]+)"', file.read_text()):
            found.add(re.sub(r"\{\w+\}", "{id}", route))
    return found - NOT_PAGES - PASSING - LEADING_ON - {"/"}  # the start page only leads on


def cover(pages):
    """A few pages in which everything occurs that occurs in all of them (greedy set cover)."""
    missing = set().union(*(page.features for page in pages))
    chosen = []
    while missing:
        best = max(pages, key=lambda page: len(page.features & missing))
        chosen.append(best)
        missing -= best.features
    return chosen


def sum_up(site):
    """What was gathered while all tests ran."""
    print("\nall pages of this run")
    site.report.check(
        f"no page wrote to the console, broke its security policy or threw "
        f"({site.requests} requests)",
        not site.console,
        site.console[:20],
    )
    site.report.check("no request left the site", not site.foreign, site.foreign[:20])
    validate(site)
    print(f"  {len(site.looks)} pages seen in light and dark, at 1280 and 320 px")


def validate(site):
    jar = os.environ.get("VNU_JAR")
    if not jar:
        site.report.skip("valid HTML", "VNU_JAR is not set")
        return
    with tempfile.TemporaryDirectory(prefix="closerflow-html-") as folder:
        names = {}
        for number, (name, body) in enumerate(site.documents.values()):
            file = pathlib.Path(folder, f"{number}.html")
            file.write_bytes(body)
            names[file.name] = name
        done = subprocess.run(
            ["java", "-Xss1m", "-jar", jar, "--errors-only", "--format", "gnu", "--stdout", folder],
            text=True,
            capture_output=True,
            timeout=300,
        )
        problems = {}
        for line in done.stdout.splitlines():
            if match := re.search(r"/(\d+\.html)\":(.*)", line):
                problems.setdefault(names[match[1]], []).append(match[2])
        site.report.tally(
            "valid HTML", len(names), [f"{name}: {lines[0]}" for name, lines in problems.items()]
        )
        if done.returncode and not problems:
            site.report.check(
                "the HTML checker ran", False, done.stdout[-500:] + done.stderr[-500:]
            )
