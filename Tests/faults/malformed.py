"""What no browser sends, byte by byte through the real nginx: every request gets a definite answer
from the first door that can tell, and no door falls."""
import contextlib
import glob
import json
import os
import re
import socket

from browser import Browser
from checks import chapter, check, equal, say, table
from office import PASSWORD, Office
from stack import Stack, read

FORM = "Content-Type: application/x-www-form-urlencoded"
CLOSED = None  # no answer: the request never came to its end
SAME_ORIGIN = "Sec-Fetch-Site: same-origin"


def run(_):
    chapter("bytes: what no browser sends")
    with site() as (url, path, email, password):
        person = Browser(url).sign_in(email, password)
        before = responder(path)
        Peer(url, person).try_all()
        check("the responder is the same process as before",
              len(before) == 1 and responder(path) == before, (before, responder(path)))
        equal("and an ordinary page is there", person.get("/leads").status, 200)


@contextlib.contextmanager
def site():
    """The demo that deploy/test runs beside, or a site of our own."""
    if "DEMO_JSON" in os.environ:
        demo = json.loads(read(os.environ["DEMO_JSON"]))
        sales = next(user for user in demo["users"] if user["role"] == "sales")
        yield demo["url"], demo["socket"], sales["email"], sales["password"]
        return
    with Stack() as stack:
        stack.open_site()
        Office(stack, "acme")
        yield stack.url, stack.socket, "sales@acme.example", PASSWORD


def responder(socket):
    """The processes that serve this socket."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError), open(path, "rb") as command:
            if f"\0serve\0--socket\0{socket}\0".encode() in command.read():
                found.append(path)
    return found


class Peer:
    def __init__(self, url, person):
        self.host = url.removeprefix("http://")
        self.address = ("127.0.0.1", int(self.host.split(":")[1]))
        self.cookie = f"Cookie: sess={person.cookies['sess']}"
        self.token = person.token
        self.rows = []

    def try_all(self):
        for cases in (self.lines(), self.headers(), self.bodies(), self.forms()):
            for name, wanted, request in cases:
                self.expect(name, wanted, request)
        table(["sent", "answered", "by"], self.rows)
        say(f"    {len(self.rows)} malformed requests")

    def expect(self, name, wanted, request):
        status, body = self.send(request, ends=wanted == CLOSED)
        refusal = status is None or status >= 400
        door = "nginx" if not body or b'<p lang="fr">' in body else "responder"
        self.rows.append([name, status or "closed", door])
        kept = status == wanted and (wanted == CLOSED or not refusal or b"CloserFlow" in body)
        check(f"{name}: {wanted or 'closed'}", kept, (status, body[:300]))

    def send(self, request, ends):
        """The status (None where the connection was only closed) and the body."""
        with socket.create_connection(self.address, 15) as peer:
            received = b""
            with contextlib.suppress(ConnectionError):
                peer.sendall(request)
                if ends:  # nginx takes the end of what we say for the end of our interest
                    peer.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while chunk := peer.recv(65536):
                    received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        found = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
        return int(found.group(1)) if found else None, body

    def ask(self, target, *headers, method="GET", version="HTTP/1.1", body=b"", host=True):
        def raw(text):
            return text if isinstance(text, bytes) else text.encode()

        lines = [b" ".join([raw(method), raw(target), raw(version)])]
        if host:
            lines.append(b"Host: " + self.host.encode())
        lines += [raw(header) for header in (*headers, self.cookie, "Connection: close")]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def post(self, target, body, *headers, length=None):
        length = len(body) if length is None else length
        return self.ask(target, FORM, SAME_ORIGIN, f"Content-Length: {length}", *headers,
                        method="POST", body=body)

    # ---------------------------------------------------------------- the request line

    def lines(self):
        ask = self.ask
        return [
            ("a NUL in the target", 400, ask(b"/lea\0ds")),
            ("an encoded NUL in the target", 400, ask("/leads/%00")),
            ("an encoded NUL in the query", 400, ask("/leads?q=%00")),
            ("bytes that are no UTF-8 in the target", 400, ask(b"/\xff\xfe")),
            ("bytes that are no UTF-8, encoded", 400, ask("/leads/%ff%fe")),
            ("the same in the query", 400, ask("/leads?q=%c3%28")),
            ("an overlong slash in UTF-8", 400, ask("/leads/%c0%af")),
            ("a surrogate in UTF-8", 400, ask("/leads?q=%ed%a0%80")),
            ("UTF-8 that is not encoded", 400, ask("/leads/é")),
            ("an encoded slash", 400, ask("/leads%2fnew")),
            ("an encoded backslash", 400, ask("/leads%5cnew")),
            ("dot segments", 400, ask("/../../etc/passwd")),
            ("encoded dot segments", 400, ask("/leads/%2e%2e/today")),
            ("an empty segment", 400, ask("//leads")),
            ("an empty segment inside", 400, ask("/leads//new")),
            ("a broken percent escape", 400, ask("/leads/%zz")),
            ("a percent escape cut short", 400, ask("/leads?q=%4")),
            ("a line feed, encoded", 400, ask("/leads?q=%0a")),
            ("an encoded line break in a path", 400, ask("/leads/%0d%0aSet-Cookie:x=1")),
            ("a DEL, encoded", 400, ask("/leads/%7f")),
            ("a C1 control, encoded", 400, ask("/leads?q=%c2%85")),
            ("a fragment", 400, ask("/leads#top")),
            ("a path of 34 segments", 400, ask("/a" * 34)),
            ("a path of 9 kB", 414, ask("/" + "a" * 9_000)),
            ("a query of 9 kB", 414, ask("/leads?q=" + "a" * 9_000)),
            ("201 fields in the query", 400, ask("/leads?" + "&".join(["a=1"] * 201))),
            ("a field's name of 200 bytes", 413, ask("/leads?" + "a" * 200 + "=1")),
            ("a field given twice", 400, ask("/leads?stage=new&stage=proposal")),
            ("an id that is none", 404, ask("/leads/1%20or%201=1")),
            ("an id of somebody else", 404, ask("/leads/01a1fc97-e1dd-7001-af7e-de54ee584bd2")),
            ("no target", 400, b"GET\r\n\r\n"),
            ("a target without a slash", 400, ask("leads")),
            ("an absolute target", 200, ask(f"http://{self.host}/leads")),
            ("an absolute target of another host", 421, ask("http://evil.example/leads")),
            ("an authority as target", 400, ask(self.host, method="CONNECT")),
            ("an asterisk as target", 400, ask("*", method="OPTIONS")),
            ("a method of ours in small letters", 400, ask("/leads", method="get")),
            ("TRACE", 405, ask("/leads", method="TRACE")),
            ("CONNECT", 405, ask("/leads", method="CONNECT")),
            ("DELETE", 405, ask("/leads", method="DELETE")),
            ("PUT without a length", 405, ask("/leads", method="PUT")),
            ("an unheard-of method", 405, ask("/leads", method="BREW")),
            ("a method that is no token", 400, ask("/leads", method="G@T")),
            ("a method of 5 kB", 405, ask("/leads", method="A" * 5_000)),
            ("HTTP/3.7", 505, ask("/leads", version="HTTP/3.7")),
            ("no version's number", 400, ask("/leads", version="HTTP/")),
            ("TLS on a plain port", 400,
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)),
            ("bytes without a meaning", 400, bytes(range(256)) * 8),
        ]

    # ---------------------------------------------------------------- header fields

    def headers(self):
        ask = self.ask
        return [
            ("no Host", 400, ask("/leads", host=False)),
            ("two Hosts", 400, ask("/leads", f"Host: {self.host}")),
            ("a foreign Host", 421, ask("/leads", "Host: evil.example", host=False)),
            ("a Host with a path", 400, ask("/leads", "Host: 127.0.0.1/x", host=False)),
            ("a Proxy header", 200, ask("/leads", "Proxy: http://evil.example")),
            ("two cookies of one name", 400, ask("/leads", "Cookie: sess=a; sess=b")),
            ("two Cookie headers of one name", 400, ask("/leads", "Cookie: sess=a")),
            ("a cookie with a quote in it", 400, ask("/leads", 'Cookie: sess=a"b; x')),
            ("a NUL in a header", 400, ask("/leads", b"User-Agent: a\0b")),
            ("bytes that are no UTF-8 in a header", 400, ask("/leads", b"User-Agent: \xff\xfe")),
            ("a control character in a header", 400, ask("/leads", b"User-Agent: a\x01b")),
            ("a bare carriage return in a header", 400, ask("/leads", b"User-Agent: a\rX: b")),
            ("a folded header", 400, ask("/leads", "X-Folded: a\r\n b")),
            ("a header without a colon", 200, ask("/leads", "Nonsense")),
            ("a space before the colon", 400, ask("/leads", "User-Agent : x")),
            ("a header of 9 kB", 400, ask("/leads", "X-Long: " + "a" * 9_000)),
            ("headers of 40 kB", 400,
             ask("/leads", *[f"X-{n}: " + "a" * 4_000 for n in range(10)])),
            ("a thousand headers", 400,
             ask("/leads", *[f"X-{n}: {'a' * 40}" for n in range(1_000)])),
            ("an unheard-of transfer coding", 501,
             ask("/leads", "Transfer-Encoding: gzip, chunked")),
        ]

    # ---------------------------------------------------------------- bodies

    def bodies(self):
        def chunked(body, *headers):
            return self.ask("/leads", FORM, SAME_ORIGIN, "Transfer-Encoding: chunked", *headers,
                            method="POST", body=body)

        def parts(body, boundary="x"):
            kind = f"; boundary={boundary}" if boundary else ""
            return self.ask("/leads", SAME_ORIGIN, f"Content-Type: multipart/form-data{kind}",
                            f"Content-Length: {len(body)}", method="POST", body=body)

        post = self.post
        return [
            ("two lengths", 400, post("/leads", b"a=1", "Content-Length: 4")),
            ("the same length twice", 400, post("/leads", b"a=1", "Content-Length: 3")),
            ("a length beside chunks", 400, chunked(b"0\r\n\r\n", "Content-Length: 5")),
            ("a negative length", 400, post("/leads", b"a=1", length=-3)),
            ("a length with a sign", 400, post("/leads", b"a=1", length="+3")),
            ("a length that is no number", 400, post("/leads", b"a=1", length="three")),
            ("a length of twenty digits", 400, post("/leads", b"a=1", length="9" * 20)),
            ("a body shorter than its length", CLOSED, post("/leads", b"a=1", length=300)),
            ("a body of 525 kB", 413, post("/leads", b"a=" + b"x" * 524_288)),
            ("chunks that are none", 400, chunked(b"xyz\r\nabc\r\n0\r\n\r\n")),
            ("a chunk of 2^64 bytes", 400, chunked(b"10000000000000000\r\nabc\r\n0\r\n\r\n")),
            ("chunks over 512 kB", 413, chunked(b"80001\r\n" + b"x" * 524_289 + b"\r\n0\r\n\r\n")),
            ("JSON where a form belongs", 415, self.ask(
                "/leads", SAME_ORIGIN, "Content-Type: application/json", "Content-Length: 2",
                method="POST", body=b"{}")),
            ("parts without a boundary", 400, parts(b"--x--\r\n", boundary=None)),
            ("parts that begin otherwise", 400, parts(b"a=1")),
            ("a part that never ends", 400, parts(
                b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nno end')),
            ("a part without a name", 400, parts(b"--x\r\n\r\nnameless\r\n--x--\r\n")),
            ("no part at all, so no token", 403, parts(b"--x--\r\n")),
            ("no content type", 415, self.ask(
                "/leads", SAME_ORIGIN, "Content-Length: 3", method="POST", body=b"a=1")),
        ]

    # ---------------------------------------------------------------- forms

    def forms(self):
        def form(extra, path="/leads"):
            return self.post(path, b"_token=" + self.token.encode() + b"&_once=1&" + extra)

        return [
            ("a form without its token", 403, self.post("/leads", b"title=x")),
            ("a form of another site", 403, self.ask(
                "/leads", FORM, "Sec-Fetch-Site: cross-site", "Content-Length: 7", method="POST",
                body=b"title=x")),
            ("a form of an unnamed site", 403, self.ask(
                "/leads", FORM, "Content-Length: 7", method="POST", body=b"title=x")),
            ("a NUL in a field", 400, form(b"title=a%00b")),
            ("a raw NUL in a field", 400, form(b"title=a\0b")),
            ("bytes that are no UTF-8 in a field", 400, form(b"title=%ff")),
            ("an escape character in a field", 400, form(b"title=a%1bb")),
            ("a broken escape in a field", 400, form(b"title=%g1")),
            ("a token given twice", 400, form(b"title=x&_token=y")),
            ("201 fields", 400, form(b"&".join([b"a=1"] * 201))),
            ("a field's name of 200 bytes in a form", 413, form(b"a" * 200 + b"=1")),
            ("a title of 201 characters", 422, form(b"title=" + b"x" * 201)),
            ("a line break in a title", 422, form(b"title=a%0ab")),
            ("an amount of a hundred digits", 422, form(b"title=x&estimated_value=" + b"9" * 100)),
            ("an address with a line break", 422,
             form(b"title=x&email=a@b.example%0d%0aBcc:c@d.example")),
            ("a stage that is none", 404, form(
                b"stage=won", "/leads/01a1fc97-e1dd-7001-af7e-de54ee584bd2/stage")),
            ("a hash that is none", 400, form(
                b"content_sha256=zz", "/drafts/01a1fc97-e1dd-7001-af7e-de54ee584bd2/approval")),
        ]
