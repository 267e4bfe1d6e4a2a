"""Somebody asks for more than there is: long files and half-sent requests, with a visitor of another tenant beside
it. What must hold is that memory stays what it was and that nobody else goes without; how quick the visitor's
pages are meanwhile is printed."""
import collections
import contextlib
import json
import re
import resource
import socket
import subprocess
import sys
import time

from browser import Browser
from checks import chapter, check, equal, say
from office import PASSWORD, Office
from stack import Stack

LEADS = 20_000
LETTERS = 10_000
UPLOAD_BYTES = 31 << 20
PEAK_MIB = 120
STRANGER = "127.0.0.2"  # nginx counts every address but those of its own host


def run(_):
    chapter("floods: more than there is")
    with Stack() as stack:
        stack.open_site()
        people = [person for slug in ("acme", "bigco") for person in crowd(stack, slug)]
        visitor = Office(stack, "other").sales
        exports(stack, people, visitor)
        uploads(stack, people, visitor)
        silence(stack, visitor)
        knocking(stack, visitor)


def crowd(stack, slug):
    office = Office(stack, slug)
    yield office.sales
    for number in range(2):
        email = f"sales{number}@{slug}.example"
        stack.closerflow("user", "create", email, "--tenant", slug, "--name", f"Sales {number}", "--role", "sales",
                         given=PASSWORD)
        yield Browser(stack.url).sign_in(email, PASSWORD)


def exports(stack, people, visitor):
    stack.sql(f"""
      set session_replication_role = replica; set search_path = crm, app, extensions;
      insert into crm.leads (tenant_id, id, title, description, owner_id, created_by)
      select m.tenant_id, gen_random_uuid(), 'Kitchen ' || n, w.words, m.user_id, m.user_id
        from crm.memberships m, generate_series(1, {LEADS}) n,
             (select left(string_agg(md5(g::text), ' '), {LETTERS}) as words from generate_series(1, {LETTERS // 32}) g) w
       where m.email in ('sales@acme.example', 'sales@bigco.example')""")
    stack.sql("vacuum analyze")
    with Beside(stack, visitor, "exports") as beside:
        fast = [Client(person, "GET", "/leads.csv") for person in people]
        slow = [Client(people[0], "GET", "/leads.csv", bytes_a_second=64_000) for _ in range(2)]
        answers = beside.all_of(fast + slow)
    whole = [size for status, size in answers if status == 200]
    check(f"whole files of {LEADS} leads were fetched, each as long as the others of its tenant",
          len(whole) >= 2 and len(set(whole)) <= 2 and min(whole) > LEADS * LETTERS, answers)
    check("who asks for more at once is told so", {status for status, _ in answers} <= {200, 429, 503, 0}, answers)


def uploads(stack, people, visitor):
    line = b"Kitchen,Claire,claire%d@example.com," + b"x" * 400 + b"\n"
    content = b"title,first_name,email,description\n" + b"".join(
        line % n for n in range(UPLOAD_BYTES // (len(line) + 4)))
    path = f"{stack.dir}/upload.csv"
    with open(path, "wb") as file:
        file.write(content)
    with Beside(stack, visitor, "uploads") as beside:
        answers = beside.all_of([Client(person, "POST", "/imports", path=path) for person in people])
    check("uploads were taken", sum(status == 303 for status, _ in answers) >= 2, answers)
    check("who sends more at once is told so", {status for status, _ in answers} <= {303, 429, 503}, answers)


def silence(stack, visitor):
    """Thousands of connections of one address that begin a request and say no more."""
    host, port = stack.url.removeprefix("http://").split(":")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    room = 4_000 if most == resource.RLIM_INFINITY else min(4_000, most - 200)
    with Beside(stack, visitor, "half-sent headers") as beside:
        begun = time.monotonic()
        held, opened = [], 0
        while time.monotonic() - begun < Beside.SECONDS:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    peer = socket.create_connection((host, int(port)), 2, (STRANGER, 0))
                    peer.sendall(b"GET / HTTP/1.1\r\nHost: ")
                    held.append(peer)
                    opened += 1
            while len(held) > room:
                held.pop(0).close()
            beside.visit(1)
        for peer in held:
            peer.close()
    check("thousands of connections were opened", opened > 4_000, opened)


def knocking(stack, visitor):
    """Eight connections that sign in with invented names, as fast as they are answered, from the address that the
    owner of a right password has too, and nginx does not limit."""
    known = Browser(stack.url).sign_in("reviewer@other.example", PASSWORD)
    found = {"from a browser that is known": collections.Counter(), "from a new one elsewhere": collections.Counter()}

    def come(person, how):
        person.sign_in_form()
        page = person.post("/sign-in", {"email": "reviewer@other.example", "password": PASSWORD, "next": ""})
        found[how][page.status] += 1

    def owner_comes():
        come(known, "from a browser that is known")
        come(Browser(stack.url, address="127.0.0.3"), "from a new one elsewhere")

    with Beside(stack, visitor, "sign-ins") as beside:
        answers = beside.all_of([Client(known, "POST", "/sign-in") for _ in range(8)], meanwhile=owner_comes)
    check("strangers are throttled or refused", {status for status, _ in answers} <= {422, 429, 503}, answers)
    for how, counts in found.items():
        equal(f"the owner of the right password came in each time {how} ({counts.total()} times)", set(counts), {303})


class Client:
    """Somebody in a process of their own, who asks for the same thing again and again."""

    SCRIPT = r"""
import http.client, json, sys, time, uuid
import re, urllib.parse
host, cookie, token, method, path, file, rate, seconds = json.load(sys.stdin)
end = time.monotonic() + seconds
while time.monotonic() < end:
    connection = http.client.HTTPConnection(host, timeout=60)
    headers, body = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}, None
    if path == "/sign-in":
        connection.request("GET", path)
        answer = connection.getresponse()
        page = answer.read().decode()
        if answer.status != 200:
            print(json.dumps([answer.status, 0]), flush=True)
            time.sleep(0.1)
            continue
        headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
        token = re.search('name="_token" value="([^"]*)"', page).group(1)
        body = urllib.parse.urlencode({"email": f"{uuid.uuid4()}@nobody.example", "password": "x" * 12, "next": "",
                                       "_token": token, "_once": uuid.uuid4()})
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if file:
        edge = uuid.uuid4().hex
        head = 'Content-Disposition: form-data; name="{}"'.format
        parts = [f"{head('_token')}\r\n\r\n{token}".encode(), f"{head('_once')}\r\n\r\n{uuid.uuid4()}".encode(),
                 f'{head("file")}; filename="a.csv"\r\n\r\n'.encode() + open(file, "rb").read()]
        body = b"".join(b"--%s\r\n%s\r\n" % (edge.encode(), part) for part in parts) + b"--%s--\r\n" % edge.encode()
        headers["Content-Type"] = f"multipart/form-data; boundary={edge}"
    size = 0
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        while piece := answer.read(65536):
            size += len(piece)
            if rate:
                time.sleep(len(piece) / rate)
                if time.monotonic() > end: raise TimeoutError
        status = answer.status
    except (OSError, http.client.HTTPException) as problem:
        status = 0
        print(repr(problem), file=sys.stderr)
    print(json.dumps([status, size]), flush=True)
    connection.close()
    time.sleep(0.1)
"""

    def __init__(self, person, method, where, path=None, bytes_a_second=0):
        self.about = [person.host, f"sess={person.cookies['sess']}", person.token, method, where, path, bytes_a_second]
        self.answers = []

    def start(self, seconds):
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", self.SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.process.stdin.write(json.dumps([*self.about, seconds]))
        self.process.stdin.close()

    def wait(self):
        self.answers = [tuple(json.loads(line)) for line in self.process.stdout]
        self.process.wait()


class Beside:
    """A visitor of another tenant, and what the responder needs meanwhile."""

    SECONDS = 20

    def __init__(self, stack, visitor, name):
        self.stack, self.visitor, self.name = stack, visitor, name
        self.waits, self.problems = [], []

    def __enter__(self):
        # A new process: its peak is of this flood alone.
        old, self.stack.responder = self.stack.responder, self.stack.serve()
        old.terminate()
        old.wait()
        self.visit(20)
        self.peace, self.waits = percentile(self.waits, 95), []
        self.rest = self.memory("VmRSS")
        return self

    def all_of(self, clients, meanwhile=lambda: None):
        """What the clients were answered: statuses and lengths."""
        for client in clients:
            client.start(self.SECONDS)
        time.sleep(1)
        end = time.monotonic() + self.SECONDS - 2
        while time.monotonic() < end:
            self.visit(1)
            meanwhile()
            time.sleep(0.03)
        for client in clients:
            client.wait()
        answers = [answer for client in clients for answer in client.answers]
        say(f"    {self.name}: " + ", ".join(f"{count} x {status or 'broken off'}" for status, count in sorted(
            collections.Counter(status for status, _ in answers).items())))
        return answers

    def visit(self, times):
        for _ in range(times):
            begun = time.monotonic()
            status = self.visitor.get("/leads").status
            self.waits.append(time.monotonic() - begun)
            if status != 200:
                self.problems.append(status)

    def __exit__(self, kind, *_):
        if kind:
            return
        peak = self.memory("VmHWM")
        say(f"    {self.name}: a visitor of another tenant waits p50 {percentile(self.waits, 50) * 1000:.0f} ms, p95 "
            f"{percentile(self.waits, 95) * 1000:.0f} ms of {len(self.waits)} pages (p95 in peace "
            f"{self.peace * 1000:.0f} ms); the responder's memory was {self.rest:.0f} MiB, at most {peak:.0f}, is "
            f"{self.memory('VmRSS'):.0f}")
        equal(f"{self.name}: every page of the visitor was there", self.problems, [])
        check(f"{self.name}: the visitor never waited long", max(self.waits) < 5, max(self.waits))
        check(f"{self.name}: the responder took less than {PEAK_MIB} MiB", peak < PEAK_MIB, peak)

    def memory(self, field):
        with open(f"/proc/{self.stack.responder.pid}/status") as file:
            return int(re.search(field + r":\s+(\d+)", file.read()).group(1)) / 1024


def percentile(waits, part):
    return sorted(waits)[min(len(waits) - 1, len(waits) * part // 100)]
