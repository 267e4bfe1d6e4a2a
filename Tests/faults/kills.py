"""Workers and PostgreSQL die at random moments while approved mail goes out. Afterwards the
receiver's journal, which the mail sink writes before it answers, is held against the database."""
import collections
import email
import email.policy
import random
import signal
import threading
import time

from checks import chapter, check, equal, eventually, say, table
from office import Office
from stack import Stack

WORKERS, THREADS, LEASE_SECONDS = 3, 2, 3
TENANTS = 5
CONTROL_MAILS, CONTROL_KILLS = 300, 40
# What the database makes of a lease that ended after the mark.
MARKED = "then 'uncertain' when"


def run(options):
    chapter(f"kills: {options.mails} mails, {options.kills} kills of a worker, {options.crashes} "
            f"crashes of PostgreSQL, seed {options.seed}")
    rng = random.Random(options.seed)
    with Stack(random_delay_ms=20) as stack:
        stack.open_site()
        offices = [Office(stack, f"tenant-{n}") for n in range(TENANTS)]
        begun = time.monotonic()
        approve(offices, options.mails, "real")
        say(f"    {options.mails} mails of {TENANTS} tenants were written, reviewed and approved "
            f"through the site's forms in {time.monotonic() - begun:.0f} s")
        begun = time.monotonic()
        storm(stack, rng, options.mails, options.kills, options.crashes)
        judge(stack, options, time.monotonic() - begun)
        reconcile(stack, options.mails)
        control(stack, offices, rng)


# ------------------------------------------------------------------ approved mail

def approve(offices, mails, series):
    """Each lead gets five mails: three versions of one document, and two documents more."""
    problems = []

    def fill(office, leads):
        try:
            for n in range(leads):
                name = f"{series}-{n}@{office.slug}.example"
                lead, contact = office.lead(name, title=f"{series} {n}")
                draft = office.approve(office.submit(lead, contact, f"{name} first"))
                for version in (2, 3):
                    draft = office.approve(office.submit_next_version(
                        draft, f"{name} version {version}", contact))
                for document in ("second", "third"):
                    office.approve(office.submit(lead, contact, f"{name} {document}"))
        except Exception as problem:
            problems.append(problem)

    leads = mails // 5 // len(offices)
    threads = [threading.Thread(target=fill, args=(office, leads)) for office in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


# ------------------------------------------------------------------ the storm

def storm(stack, rng, mails, kills, crashes=0):
    """Every kill waits for a random mail to arrive, and then up to 30 ms more: the kills spread
    over the whole run and hit every step."""
    before = len(stack.sink.journal())
    blows = sorted([(rng.randrange(mails), "kill") for _ in range(kills)]
                   + [(rng.randrange(mails // 10, mails), "crash") for _ in range(crashes)])
    workers = [start_worker(stack) for _ in range(WORKERS)]
    for threshold, blow in blows:
        # Where doubtful mails hold others back the threshold may never come.
        eventually(lambda: len(stack.sink.journal()) - before >= threshold, 0.5, pause=0.002)
        time.sleep(rng.uniform(0, 0.03))
        if blow == "crash":
            stack.stop_postgres(signal.SIGQUIT)
            stack.start_postgres()
        else:
            victim = rng.randrange(WORKERS)
            workers[victim].kill()
            workers[victim].wait()
            workers[victim] = start_worker(stack)
    say(f"    {kills} kills and {crashes} crashes struck while "
        f"{len(stack.sink.journal()) - before} mails arrived")
    check("afterwards everything that can move comes to rest", settle(stack), resting(stack))
    for worker in workers:
        worker.terminate()
    equal("the workers end in order when they are asked to", [w.wait(20) for w in workers],
          [0] * WORKERS)


def start_worker(stack):
    return stack.worker(lease=LEASE_SECONDS, threads=THREADS)


MOVING = """
  select state, count(*) from crm.deliveries d
   where state in ('leased', 'committing') or state = 'ready' and not exists (
     select from crm.deliveries e where e.tenant_id = d.tenant_id and e.order_key = d.order_key
        and e.order_seq < d.order_seq and e.state not in ('sent', 'cancelled'))
   group by state"""


def resting(stack):
    return stack.rows(MOVING)


def settle(stack, seconds=60):
    return eventually(lambda: not resting(stack), seconds, pause=0.2)


# ------------------------------------------------------------------ the judgement

def judge(stack, options, seconds):
    found = tally(stack)
    count = collections.Counter((row["state"], row["received"]) for row in found)
    show(count)
    doubtful = [row for row in found if row["state"] == "uncertain"]
    arrived = sum(row["received"] for row in doubtful)
    say(f"    uncertain: {len(doubtful)}, of which {arrived} had arrived and "
        f"{len(doubtful) - arrived} had not; seed {options.seed}, {options.kills} kills, "
        f"{options.crashes} crashes, {seconds:.0f} s")
    equal("every approved mail has its delivery", len(found), options.mails)
    equal("lost: none is called sent that the receiver has not", count["sent", 0], 0)
    equal("twice: none reached the receiver more than once",
          sum(row["received"] > 1 for row in found), 0)
    equal("every delivery is sent, doubtful, or waits behind a doubtful version of its document",
          {row["state"] for row in found} - {"sent", "uncertain", "ready"}, set())
    equal("none that waits has left", sum(n for (state, received), n in count.items()
                                          if state == "ready" and received), 0)
    check("some were doubtful, so the kills struck where it hurts", doubtful)
    check_letters(stack, found)
    check_order(stack, found)
    check_records(stack)


def tally(stack, only="true"):
    """Every delivery with what the receiver has of it."""
    received = collections.Counter(line["message_id"] for line in stack.sink.journal())
    rows = stack.rows(f"""
      select x.id, x.state, x.message_id, x.order_key, x.order_seq, d.subject
        from crm.deliveries x join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
       where {only}""")
    for row in rows:
        row["received"] = received[row["message_id"]]
    return rows


def show(count):
    columns = sorted({received for _, received in count} | {0, 1, 2})
    table(["state"] + [f"received {n}×" for n in columns],
          [[state] + [count[state, n] for n in columns] for state in sorted({s for s, _ in count})])


def check_letters(stack, found):
    subjects = {row["message_id"]: row["subject"] for row in found}
    wrong = []
    for line in stack.sink.journal():
        letter = email.message_from_bytes(stack.sink.message(line), policy=email.policy.default)
        address = letter["Subject"].split(" ")[0]
        if letter["Subject"] != subjects.get(line["message_id"]) or line["recipients"] != [address]:
            wrong.append(line)
    equal("every letter has the approved subject and recipient of its Message-ID", wrong, [])


def check_order(stack, found):
    place = {row["message_id"]: (row["order_key"], row["order_seq"]) for row in found}
    newest, inversions = collections.Counter(), 0
    for line in stack.sink.journal():
        document, version = place[line["message_id"]]
        inversions += version < newest[document]
        newest[document] = max(newest[document], version)
    equal("the versions of a document arrived in their order", inversions, 0)


def check_records(stack):
    broken = stack.value("""
      select count(*) from crm.deliveries x
        join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
       where (x.state = 'sent') <> (d.status = 'sent')
          or (x.state = 'sent') <> exists (select from crm.outbox_events e
               where e.tenant_id = x.tenant_id and e.type = 'DraftSent'
                 and e.payload ->> 'delivery' = x.id::text)
          or x.state = 'sent' and not exists (select from crm.activities a
               where a.tenant_id = x.tenant_id and a.draft_id = d.id
                 and a.kind in ('draft_sent', 'delivery_resolved'))
          or x.state in ('sent', 'uncertain') and not exists (
               select from crm.delivery_attempts t where t.tenant_id = x.tenant_id
                  and t.delivery_id = x.id and t.phase = 'committing')
          or x.state = 'uncertain' and not exists (select from crm.activities a
               where a.tenant_id = x.tenant_id and a.draft_id = d.id
                 and a.kind = 'delivery_uncertain')""")
    equal("delivery, draft, event, timeline and attempts tell the same story", broken, 0)


# ------------------------------------------------------------------ afterwards

def reconcile(stack, mails):
    """What an operator does: says what the receiver's log says, until everything went."""
    while doubtful := [row for row in tally(stack) if row["state"] == "uncertain"]:
        for row in doubtful:
            stack.closerflow("outbox", "resolve", row["id"],
                             "--arrived" if row["received"] else "--send-again",
                             "--comment", "the receiver's log says so")
        stack.work_once()
    found = tally(stack)
    equal(f"reconciled with the receiver's log, all {mails} are sent and were received once",
          collections.Counter((row["state"], row["received"]) for row in found),
          {("sent", 1): mails})
    check_order(stack, found)
    check_records(stack)


# ------------------------------------------------------------------ the counter-proof

def control(stack, offices, rng):
    """The same storm without the point of no return: a mail whose worker died is simply tried
    again, as queues do. If that did not send mails twice, this test could not see it."""
    say(f"\n    counter-proof: {CONTROL_MAILS} mails, {CONTROL_KILLS} kills, and no mark")
    quoted = MARKED.replace("'", "''")
    found = stack.rows(f"""
      select pg_get_functiondef(oid) as text from pg_proc
       where pronamespace = 'app'::regnamespace and strpos(prosrc, '{quoted}') > 0""")
    if not equal("the mark is kept in one place, and taken out there", len(found), 1):
        return
    stack.sql(found[0]["text"].replace(MARKED, MARKED.replace("uncertain", "ready")))
    approve(offices, CONTROL_MAILS, "control")
    storm(stack, rng, CONTROL_MAILS, CONTROL_KILLS)
    found = tally(stack, "d.subject like 'control%'")
    count = collections.Counter((row["state"], row["received"]) for row in found)
    show(count)
    equal("it sends all of them", {state for state, _ in count}, {"sent"})
    check("and some of them twice", any(row["received"] > 1 for row in found))
