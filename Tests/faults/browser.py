"""A person with a browser: cookies, forms with their tokens, one connection kept open."""
import http.client
import re
import time
import urllib.parse
import uuid

IDLE_SECONDS = 30  # nginx closes what was idle for longer than a minute


class Page:
    def __init__(self, answer, body):
        self.status, self.headers = answer.status, answer.headers
        self.text = body.decode("utf-8", "replace")

    def header(self, name):
        return self.headers.get(name) or ""

    @property
    def id(self):
        """The id in the place a form sent us to."""
        return re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", self.header("Location")).group()

    def hidden(self, name):
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        if not found:
            raise RuntimeError(f"no field {name} on a page with status {self.status}: "
                               + self.text[:500])
        return found.group(1)


class Browser:
    def __init__(self, url, seconds=30, address=None):
        self.host = url.removeprefix("http://")
        self.seconds = seconds
        self.source = (address, 0) if address else None
        self.connection, self.cookies, self.token = None, {}, None
        self.used = 0

    def get(self, path):
        return self._ask("GET", path)

    def post(self, path, fields, once=None):
        """Posts a form as a page of ours would: `once` is new each time unless given."""
        pairs = list(fields.items()) + [("_token", self.token), ("_once", once or uuid.uuid4())]
        return self._ask("POST", path, urllib.parse.urlencode(pairs))

    def upload(self, path, name, content):
        """Posts a form whose only field besides the hidden ones is a CSV file."""
        edge = uuid.uuid4().hex
        head = 'Content-Disposition: form-data; name="{}"'.format
        parts = [f"{head('_token')}\r\n\r\n{self.token}".encode(),
                 f"{head('_once')}\r\n\r\n{uuid.uuid4()}".encode(),
                 f'{head(name)}; filename="{name}.csv"\r\nContent-Type: text/csv\r\n\r\n'.encode() + content]
        body = b"".join(b"--%s\r\n%s\r\n" % (edge.encode(), part) for part in parts)
        return self._ask("POST", path, body + b"--%s--\r\n" % edge.encode(),
                         f"multipart/form-data; boundary={edge}")

    def sign_in(self, email, password):
        page = self.sign_in_form()
        page = self.post("/sign-in", {"email": email, "password": password, "next": ""})
        if page.status != 303:
            raise RuntimeError(f"{email} cannot sign in: {page.status}")
        self.token = self.get("/today").hidden("_token")
        return self

    def sign_in_form(self):
        page = self.get("/sign-in")
        self.token = page.hidden("_token")
        return page

    def _ask(self, method, path, body=None, kind="application/x-www-form-urlencoded"):
        headers = {"Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = kind
        if self.connection and time.monotonic() - self.used > IDLE_SECONDS:
            self.connection.close()
            self.connection = None
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.host, timeout=self.seconds, source_address=self.source)
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            page = Page(answer, answer.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        self.used = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return page
