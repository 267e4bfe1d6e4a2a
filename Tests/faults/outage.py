"""PostgreSQL gone, stalled and back; responders replaced, killed and stormed; all through nginx."""
import collections
import os
import queue
import signal
import threading
import time
import uuid

import processes
from browser import Browser
from checks import chapter, check, equal, eventually, say, table
from load import Load
from office import PASSWORD, Office
from stack import Stack, log_count

ROLLS, SIGN_INS = 5, 50
NGINX_PATIENCE = 10  # fastcgi_read_timeout


def run(_):
    chapter("outage: what people see, and what comes back by itself")
    with Stack() as stack:
        stack.open_site()
        office = Office(stack, "acme")
        pid = stack.responder.pid
        database_stopped(stack, office)
        database_stalled(stack, office)
        equal("all that without restarting the responder", (stack.responder.poll(), pid),
              (None, stack.responder.pid))
        worker_rides_out(stack, office)
        storm_of_sign_ins(stack)
        rolling_restart(stack, office)
        responder_killed(stack, office)


def timed(ask, *arguments):
    begun = time.monotonic()
    page = ask(*arguments)
    return page, time.monotonic() - begun


def is_readable(page):
    return ("<h1" in page.text and "<title>" in page.text
            and page.header("Content-Type").startswith("text/html"))


# ------------------------------------------------------------------ PostgreSQL

def database_stopped(stack, office):
    person = office.sales
    equal("before: a page, alive, ready", statuses(person), [200, 200, 200])
    stack.stop_postgres()
    page, first = timed(person.get, "/leads")
    equal("PostgreSQL stopped: a page is 503", page.status, 503)
    check("within 2 s, readable, and says when to come again",
          first < 2 and is_readable(page) and page.header("Retry-After").isdigit(),
          (first, page.headers, page.text[:300]))
    _, later = timed(person.get, "/leads")
    once, fields = str(uuid.uuid4()), {"title": "Posted into the outage"}
    posted = person.post("/leads", fields, once=once)
    equal("a form is 503 too", posted.status, 503)
    equal("the process is alive and not ready", statuses(person)[1:], [200, 503])
    sign_in = Browser(stack.url)
    equal("the sign-in page is still shown", sign_in.get("/sign-in").status, 200)
    stack.start_postgres()
    begun = time.monotonic()
    page = person.get("/leads")
    equal("PostgreSQL back: the very next page is there", page.status, 200)
    say(f"    first 503 after {first:.3f} s, the next after {later:.3f} s; first page "
        f"{time.monotonic() - begun:.3f} s after PostgreSQL was back")
    equal("ready again", statuses(person), [200, 200, 200])
    again = [person.post("/leads", fields, once=once).status for _ in range(2)]
    equal("the same form posted again is taken, twice", again, [303, 303])
    equal("and counts once", leads(stack, "Posted into the outage"), 1)


def statuses(person):
    return [person.get(path).status for path in ("/leads", "/healthz", "/readyz")]


def leads(stack, title):
    return stack.value(f"select count(*) from crm.leads where title = '{title}'")


def database_stalled(stack, office):
    """Its processes stand still: connections stay open and nobody answers."""
    person, health = office.sales, Browser(stack.url)
    # The first begins no more and lets none go: whose children they are stands still before they are counted.
    os.kill(stack.postgres.pid, signal.SIGSTOP)
    children = processes.children(stack.postgres.pid)
    standing = [stack.postgres.pid, *children]
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    page, first = timed(person.get, "/leads")
    check("PostgreSQL stalled: 503 from the responder, before nginx gives up",
          page.status == 503 and first < NGINX_PATIENCE and "CloserFlow" in page.text,
          (page.status, first, page.text[:300]))
    _, alive = timed(health.get, "/healthz")
    visitors = [Browser(stack.url) for _ in range(12)]
    for visitor in visitors:
        visitor.cookies = dict(person.cookies)
    crowd, crowd_seconds, alive_in_crowd = together(visitors, "/leads", health)
    second, second_seconds, _ = together(visitors, "/leads", health)
    for pid in reversed(standing):
        os.kill(pid, signal.SIGCONT)
    page, back = timed(person.get, "/leads")
    say(f"    first 503 after {first:.1f} s; {len(visitors)} at once: {crowd} after up to "
        f"{crowd_seconds:.1f} s, again: {second} after up to {second_seconds:.1f} s")
    say(f"    /healthz meanwhile: {alive:.3f} s, in the crowd {alive_in_crowd:.1f} s; back after "
        f"{back:.3f} s")
    check("a crowd of visitors gets 503 as well, none hangs longer than nginx waits",
          crowd <= {503, 504} and crowd_seconds < NGINX_PATIENCE + 1, (crowd, crowd_seconds))
    check("those who come later are told sooner", second <= {503, 504} and second_seconds < 9,
          (second, second_seconds))
    equal("going on: the very next page is there", page.status, 200)


def together(visitors, path, health):
    """What all of them got, the longest wait, and how long /healthz took meanwhile."""
    answers = queue.Queue()

    def ask(visitor):
        page, seconds = timed(visitor.get, path)
        answers.put((page.status, seconds))

    threads = [threading.Thread(target=ask, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    _, alive = timed(health.get, "/healthz")
    for thread in threads:
        thread.join()
    found = list(answers.queue)
    return {status for status, _ in found}, max(seconds for _, seconds in found), alive


def worker_rides_out(stack, office):
    worker = stack.worker(lease=10)
    eventually(lambda: log_count(f"{stack.dir}/worker.log", '"message":"ready"'), 10)
    stack.stop_postgres(signal.SIGQUIT)
    time.sleep(2)
    equal("a worker lives through a crash of PostgreSQL", worker.poll(), None)
    stack.start_postgres()
    begun = time.monotonic()
    office.approved("otto@example.test", "After the crash")
    sent = eventually(lambda: stack.rows(
        "select from crm.drafts where subject = 'After the crash' and status = 'sent'"), 20)
    check("and sends again when it is back", sent)
    say(f"    {time.monotonic() - begun:.1f} s after PostgreSQL was back")
    worker.terminate()
    worker.wait(15)


# ------------------------------------------------------------------ many sign-ins

def storm_of_sign_ins(stack):
    visitors = [Browser(stack.url) for _ in range(SIGN_INS)]
    for visitor in visitors:
        visitor.sign_in_form()
    answers, bystander = queue.Queue(), Browser(stack.url)
    before = processes.peak_memory(stack.responder.pid)

    def sign_in(visitor):
        answers.put(timed(visitor.post, "/sign-in", {
            "email": "reviewer@acme.example", "password": PASSWORD, "next": ""}))

    threads = [threading.Thread(target=sign_in, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    page, waited = timed(bystander.get, "/healthz")
    for thread in threads:
        thread.join()
    found = [(page.status, seconds) for page, seconds in answers.queue]
    peak = processes.peak_memory(stack.responder.pid)
    waits = {status: [seconds for answer, seconds in found if answer == status]
             for status in sorted({answer for answer, _ in found})}
    table(["answer", "times", "longest wait"],
          [[status, len(times), f"{max(times):.1f} s"] for status, times in waits.items()])
    say(f"    peak memory {before:.0f} → {peak:.0f} MiB; /healthz asked for meanwhile took "
        f"{waited:.2f} s ({page.status})")
    check(f"{SIGN_INS} sign-ins at once are answered 303, 429 or 503",
          waits.keys() <= {303, 429, 503} and 303 in waits, waits.keys())
    check("and keep nobody else waiting", page.status == 200 and waited < 2, (page.status, waited))
    check("in less than 300 MiB", peak < 300, peak)
    stack.sql("delete from sec.login_throttles")


# ------------------------------------------------------------------ responders

def rolling_restart(stack, office):
    """New responders take over the socket one after the other, while people read and write."""
    load = Load(stack, office)
    load.start()
    time.sleep(1)
    for _ in range(ROLLS):
        new = stack.serve()
        old, stack.responder = stack.responder, new
        old.terminate()
        equal("a responder that is replaced ends in order", old.wait(20), 0)
        time.sleep(0.5)
    load.stop()
    reads, posts = load.answers("GET"), load.answers("POST")
    say(f"    {ROLLS} replacements under load: {len(load.found)} requests in "
        f"{load.seconds:.1f} s, slowest {max(t for *_, t in load.found):.2f} s")
    equal(f"of {reads.total()} pages none failed", reads, {200: reads.total()})
    equal(f"of {posts.total()} posts none failed", posts, {303: posts.total()})
    equal("every lead that was posted is there, once",
          stack.row("select count(*) as leads, count(distinct title) as titles from crm.leads "
                    "where title like 'Rolled %'"),
          {"leads": posts.total(), "titles": posts.total()})


def responder_killed(stack, office):
    stack.responder.kill()
    stack.responder.wait()
    page, seconds = timed(office.sales.get, "/leads")
    check("with the responder dead nginx answers 502, at once, readable, with a time to come again",
          page.status == 502 and seconds < 1 and is_readable(page)
          and page.header("Retry-After").isdigit(), (page.status, seconds, page.text[:200]))
    style = page.text.partition('href="')[2].partition('"')[0]
    equal("the page has its stylesheet", office.sales.get(style).status, 200)
    begun = time.monotonic()
    stack.responder = stack.serve()
    page = office.sales.get("/leads")
    equal("one started again takes over the dead one's socket, and people stay signed in",
          page.status, 200)
    say(f"    first page {time.monotonic() - begun:.2f} s after it was started")
