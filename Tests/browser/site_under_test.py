"""The running demo, the people who use it, and the mail that leaves it."""

import email
import email.policy
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION_MS = 10_000
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MAIL_SECONDS = 30
FOCUS_SECONDS = 2


def pattern(path):
    """The path without what is one record's own."""
    path, _, query = path.partition("?")
    keys = sorted(pair.split("=")[0] for pair in query.split("&") if pair)
    return ID.sub("{id}", path) + ("?" + "&".join(keys) if keys else "")


class Site:
    def __init__(self, playwright, report):
        demo = json.loads(pathlib.Path(os.environ["DEMO_JSON"]).read_text())
        self.report = report
        self.url = demo["url"]
        self.mail_dir = pathlib.Path(demo["mail_dir"])
        self.database_url = demo["database_url"]
        self.logins = {user["role"]: user for user in demo["users"]}
        self.pictures = pathlib.Path(
            os.environ.get("SCREENSHOTS") or tempfile.mkdtemp(prefix="closerflow-pages-")
        )
        self.pictures.mkdir(parents=True, exist_ok=True)
        # Only root needs Chromium without its sandbox.
        self.browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        self.people = []
        self.cookies = {}
        self.documents = {}
        self.looks = []
        self.console = []
        self.foreign = []
        self.requests = 0
        self._numbers = itertools.count(1)
        self._run = format(int(time.time()) % 36**4, "x")

    def unique(self, words):
        """Words that occur nowhere else in the database."""
        return f"{words} {self._run}-{next(self._numbers)}"

    # People

    def person(self, role, scripts=True, fresh=False, **options):
        """Somebody at a browser of their own, signed in; `fresh` signs in by the form."""
        person = Person(self, scripts, **options)
        if role in self.cookies and not fresh:
            person.context.add_cookies(self.cookies[role])
            return person
        login = self.logins[role]
        person.sign_in(login["email"], login["password"])
        if not fresh:
            self.cookies[role] = person.context.cookies()
        return person

    def stranger(self, scripts=True, **options):
        return Person(self, scripts, **options)

    def close_people(self):
        for person in self.people:
            person.context.close()
        self.people.clear()

    def keep_what_is_open(self, sentence):
        for number, person in enumerate(self.people):
            for page in person.context.pages:
                name = re.sub(r"\W+", "-", f"failed {sentence} {number}")[:120]
                page.screenshot(path=self.pictures / f"{name}.png", full_page=True)
                print(f"    open: {page.url} ({name}.png)")

    def close(self):
        self.close_people()
        self.browser.close()

    # Without a browser

    def fetch(self, path, cookies=()):
        """Status, headers and body of a page, by plain HTTP."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        cookie = "; ".join(f"{c['name']}={c['value']}" for c in cookies)
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    def operate(self, *arguments, stdin=""):
        """`closerflow …` as the operator types it."""
        program = os.environ.get("CLOSERFLOW", ROOT / ".build/release/closerflow")
        done = subprocess.run(
            [program, *arguments],
            input=stdin,
            text=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "DATABASE_URL": self.database_url},
        )
        if done.returncode:
            raise RuntimeError(f"closerflow {arguments}: {done.stderr}")
        return done.stdout

    def keep_document(self, name, body):
        """For the Nu HTML checker, at the end."""
        self.documents.setdefault(hashlib.sha256(body).hexdigest(), (name, body))

    # Mail

    def mails(self, subject):
        """Every delivered message with this subject."""
        found = []
        for file in sorted(self.mail_dir.glob("*.eml")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if message["Subject"] == subject:
                found.append(message)
        return found

    def wait_for_mail(self, subject):
        until = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < until:
            if found := self.mails(subject):
                return found[0]
            time.sleep(0.1)
        raise TimeoutError(f"no mail “{subject}” within {MAIL_SECONDS} s")


class Person:
    """One browser profile. `page` is the tab in front."""

    def __init__(self, site, scripts=True, width=1280, **options):
        self.site = site
        self.scripts = scripts
        self.context = site.browser.new_context(
            base_url=site.url,
            java_script_enabled=scripts,
            locale="en-GB",
            viewport={"width": width, "height": 800},
            **options,
        )
        self.context.set_default_timeout(ACTION_MS)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: site.console.append(str(error.error)))
        self.context.on("request", self._request)
        self.answers = {}
        self.dialogs, self.stays = [], False
        site.people.append(self)
        self.page = self.new_tab()

    def _console(self, message):
        # Chromium tells the status of an error page, and what signing out cleared.
        if not message.text.startswith(
            (
                "Failed to load resource: the server responded with a status of 4",
                "Clear-Site-Data header on",
            )
        ):
            self.site.console.append(f"{message.page.url if message.page else ''}: {message.text}")

    def _request(self, request):
        self.site.requests += 1
        if not request.url.startswith(self.site.url + "/"):
            self.site.foreign.append(request.url)

    def new_tab(self):
        page = self.context.new_page()
        page.on("response", lambda answer: self._answer(page, answer))
        # "Leave this page?" is answered yes, unless a test wants to stay.
        page.on("dialog", self._dialog)
        self.page = page
        return page

    def _dialog(self, dialog):
        self.dialogs.append(dialog.type)
        dialog.dismiss() if self.stays else dialog.accept()

    def _answer(self, page, answer):
        if answer.request.is_navigation_request() and answer.frame == page.main_frame:
            self.answers[page] = answer

    @property
    def status(self):
        return self.answers[self.page].status

    @property
    def path(self):
        address = urlsplit(self.page.url)
        return address.path + (f"?{address.query}" if address.query else "")

    def sign_in(self, address, password):
        self.page.goto("/sign-in")
        self.type("E-mail", address)
        self.type("Password", password)
        self.press("Sign in")

    # What a person does

    def open(self, path):
        self.page.goto(path)
        return self

    def type(self, label, text):
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, name, within=None):
        """Presses a button and waits for the page it leads to."""
        self._go((within or self.page).get_by_role("button", name=name, exact=True))

    def follow(self, name, within=None):
        self._go((within or self.page).get_by_role("link", name=name, exact=True).first)

    def _go(self, target):
        with self.page.expect_navigation():
            target.click()

    # What a person sees

    def sees(self, words):
        return self.page.get_by_text(words).first.is_visible()

    @property
    def heading(self):
        return self.page.locator("h1").inner_text()

    @property
    def notice(self):
        found = self.page.locator(".notice")
        return found.first.inner_text() if found.count() else ""

    def text(self, selector):
        return self.page.locator(selector).first.inner_text()

    def value(self, label):
        return self.page.get_by_label(label, exact=True).input_value()

    def error_beside(self, field):
        """What the field says about itself, by what it is described by."""
        control = self.page.locator(f"#{field}")
        if control.get_attribute("aria-invalid") != "true":
            return ""
        ids = (control.get_attribute("aria-describedby") or "").split()
        return " ".join(
            self.page.locator(f"#{i}").inner_text() for i in ids if i.endswith("-error")
        )

    @property
    def focused(self):
        """Where the keys go. A page gives its autofocus with its first picture, which may come behind its load."""
        until = time.monotonic() + FOCUS_SECONDS
        while True:
            found = self.page.evaluate(
                "document.activeElement?.id || document.activeElement?.tagName"
            )
            if found != "BODY" or time.monotonic() > until:
                return found
            time.sleep(0.05)

    # Pieces of work

    def capture(self, title, last_name="Aubry", address=None, **more):
        """A new lead; the person is on its record afterwards."""
        self.open("/leads/new")
        self.type("Title", title)
        self.type("First name", "Claire")
        self.type("Last name", last_name)
        # Somebody else each time, unless said: about a known person the page asks first.
        unique = f"{self.site.unique('aubry').replace(' ', '-')}@example.test"
        self.type("E-mail", unique if address is None else address)
        for label, text in more.items():
            self.page.get_by_label(label.replace("_", " ")).fill(text)
        self.press("Add the lead")
        return self.path.split("?")[0]

    def write(self, lead, subject, body, then="Submit for review"):
        """A draft to the lead's person; its address afterwards is the answer."""
        self.open(f"{lead}/drafts/new?type=followup_email")
        self.type("Subject", subject)
        self.type("Message", body)
        self.press(then)
        return self.path.split("?")[0].removesuffix("/edit")

    def wait_for_state(self, path, words, seconds=MAIL_SECONDS):
        """Loads the page until its verdict says so."""
        until = time.monotonic() + seconds
        while True:
            self.open(path)
            if self.text(".verdict .state") == words:
                return
            if time.monotonic() > until:
                raise TimeoutError(f"{path} never said {words}, but {self.text('.verdict')}")
            time.sleep(0.2)
