"""Every answer a mail server can give, and workers that stop, stall and die at known steps."""
import signal
import time

from checks import chapter, check, equal, eventually, say, table
from gate import Gate
from office import Office, expect
from stack import Stack

STEPS = ("claimed", "decided", "marked", "accepted", "settled")  # Dispatcher.Step


def run(_):
    chapter("outcomes: what a mail server answers, and what becomes of the mail")
    with Stack(delay_ms=2000) as stack:
        stack.open_site()
        desk = Desk(stack)
        answers(desk)
        endless_refusal(desk)
        cut_off(desk)
        doubt(desk)
        blocked(desk)
        tampered(desk)
        versions(desk)
        server_away(desk)
        suppressed_at_the_last_moment(desk)
        listed_at_the_last_moment(desk)
        not_marked(desk)
        stalled(desk)
        asked_to_end(desk)
        crashed(desk)


class Desk:
    """One office, and what the tests ask about its deliveries."""

    def __init__(self, stack):
        self.stack, self.office = stack, Office(stack, "acme")
        self.say = self.office.sales.post

    def send(self, email, subject="Your kitchen"):
        return self.office.approved(f"{email}@example.test", subject)

    def delivery(self, draft):
        row = self.stack.row(f"""
          select x.id, x.state, x.attempts, x.last_error, x.message_id, x.external_message_id,
                 d.status, extract(epoch from x.run_at - x.updated_at) as wait, d.lead_id,
                 (select count(*) from crm.delivery_attempts t where t.tenant_id = x.tenant_id
                    and t.delivery_id = x.id and t.phase = 'committing') as marks,
                 (select string_agg(a.kind, ' ' order by a.id) from crm.activities a
                   where a.tenant_id = x.tenant_id and a.draft_id = x.draft_id
                     and a.kind like 'delivery%') as told
            from crm.deliveries x
            join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
           where x.draft_id = '{draft}'""")
        row["received"] = self.stack.sink.received(row["message_id"])
        return row

    def hurry(self, draft):
        """Makes the next try due now instead of waiting for it."""
        self.stack.sql(f"update crm.deliveries set run_at = now() where draft_id = '{draft}'")

    def resolve(self, delivery, answer, fails=False):
        return self.stack.closerflow("outbox", "resolve", delivery["id"], f"--{answer}",
                                     "--comment", "asked them", fails=fails)

    def shows(self, what, draft, **wanted):
        """The delivery is as wanted, field by field."""
        delivery = self.delivery(draft)
        equal(what, {name: delivery[name] for name in wanted}, wanted)
        return delivery


# ------------------------------------------------------------------ answers

def answers(desk):
    tags = ("plain", "reject", "permdata", "tempfail", "tempdata", "drop")
    drafts = {tag: desk.send(f"claire+{tag}" if tag != "plain" else "claire") for tag in tags}
    desk.stack.work_once()
    desk.stack.work_once()  # what must not be repeated has its chance
    found = {tag: desk.delivery(draft) for tag, draft in drafts.items()}
    table(["answer", "state", "tries", "received", "reason"],
          [[tag, d["state"], d["attempts"], d["received"], d["last_error"]]
           for tag, d in found.items()])
    for tag, state, received, reason in (
            ("plain", "sent", 1, ""), ("reject", "dead", 0, "550 5.1.1 No such user"),
            ("permdata", "dead", 0, "554 5.6.0 Message refused"),
            ("tempfail", "ready", 0, "451 4.3.0 Try again later"),
            ("tempdata", "ready", 0, "451 4.3.0 Try again later"),
            ("drop", "uncertain", 1, "")):
        delivery = found[tag]
        equal(f"+{tag}: {state} after one try, received {received}×",
              (delivery["state"], delivery["received"], delivery["attempts"]),
              (state, received, 1))
        if reason:
            equal(f"+{tag}: the reason is the server's answer", delivery["last_error"], reason)
        if state == "ready":
            check(f"+{tag}: the next try is 7.5 to 15 s later", 7.4 < delivery["wait"] < 15.1,
                  delivery["wait"])
    equal("the timeline tells what a person must know, and no more",
          {tag: found[tag]["told"] for tag in tags},
          {"plain": None, "reject": "delivery_dead", "permdata": "delivery_dead", "tempfail": None,
           "tempdata": None, "drop": "delivery_uncertain"})
    desk.stack.sql("update crm.deliveries set state = 'cancelled' where state = 'ready'")


def endless_refusal(desk):
    draft, waits = desk.send("paul+tempfail"), []
    for _ in range(12):
        desk.stack.work_once()
        waits.append(round(desk.delivery(draft)["wait"]))
        desk.hurry(draft)
    desk.shows("12 refusals for now are one for good", draft, state="dead", attempts=12, received=0,
               told="delivery_dead")
    limits = [min(21_600, 15 * 2 ** n) for n in range(11)]
    check("the pauses double up to six hours, half of each at random",
          all(limit / 2 - 1 <= wait <= limit + 1 for wait, limit in zip(waits, limits)), waits)
    say(f"    pauses between the tries, in seconds: {waits[:11]}")


def cut_off(desk):
    gate = Gate(desk.stack.sink.port)
    for what, code in (("at its greeting", "220"), ("after the recipient", "250 2.1.5"),
                       ("before the text", "354")):
        draft = desk.send("lena")
        gate.hold(code, cut=True)
        desk.stack.work_once(SMTP_URL=gate.url)
        desk.shows(f"a connection that breaks {what} is no doubt: it is tried again", draft,
                   state="ready", attempts=1, marks=0, received=0, told=None)
    gate.close()
    early = desk.send("mona+dropearly")
    desk.stack.work_once()
    # The cut may come before the last bytes or after them; who cannot know says so.
    delivery = desk.delivery(early)
    check("a connection that breaks inside the text never counts as sent",
          delivery["state"] in ("ready", "uncertain") and delivery["received"] == 0, delivery)
    say(f"    it was {delivery['state']}: {delivery['last_error']}")
    desk.stack.sql("update crm.deliveries set state = 'cancelled' where state = 'ready'")


# ------------------------------------------------------------------ doubt

def doubt(desk):
    arrived, again, left = (desk.send(f"{name}+drop") for name in ("anna", "bert", "carl"))
    desk.stack.work_once()
    delivery = desk.delivery(arrived)
    refused = desk.resolve(desk.delivery(desk.send("plainly")), "arrived", fails=True)
    check("of a delivery that is not in doubt nobody can say that it arrived",
          refused.returncode == 65, refused.stderr)
    desk.resolve(delivery, "arrived")
    desk.shows("a doubtful one that arrived is sent, and so is its draft", arrived, state="sent",
               status="sent", external_message_id="confirmed by a person", received=1)
    twice = desk.resolve(delivery, "send-again", fails=True)
    check("what is settled cannot be sent again", twice.returncode == 65, twice.stderr)
    desk.resolve(desk.delivery(again), "send-again")
    desk.resolve(desk.delivery(left), "cancel")
    desk.stack.work_once()
    desk.shows("one that a person sends again goes once more, and only once", again,
               state="uncertain", received=2, marks=2)
    desk.shows("one that a person leaves stays unsent", left, state="cancelled", received=1,
               status="approved")


# ------------------------------------------------------------------ the gate

DECISION = """
  select allow_send, reason_code, rule_trace::text as trace from crm.policy_decisions
   where delivery_id = '{}' order by id desc limit 1"""


def blocked(desk):
    draft = desk.send("dora")
    lead = desk.delivery(draft)["lead_id"]
    expect(desk.say(f"/leads/{lead}/suppression", {"reason": "asked us to stop"}), 303)
    desk.stack.work_once()
    delivery = desk.shows("mail to a lead that is suppressed after the approval is blocked", draft,
                          state="blocked", received=0, marks=0, told="delivery_blocked",
                          last_error="lead_not_suppressed")
    equal("with the rules that were asked", desk.stack.row(DECISION.format(delivery["id"])),
          {"allow_send": False, "reason_code": "lead_not_suppressed",
           "trace": '[{"rule": "lead_not_deleted", "allowed": true}, '
                    '{"rule": "lead_not_suppressed", "allowed": false}]'})
    desk.resolve(delivery, "send-again")
    desk.stack.work_once()
    desk.shows("sending again asks the rules again", draft, state="blocked", received=0)
    expect(desk.say(f"/leads/{lead}/suppression-removal", {"reason": "called us"}), 303)
    desk.resolve(delivery, "send-again")
    desk.stack.work_once()
    desk.shows("and when the rules allow it, it goes", draft, state="sent", received=1)


FLIP = """
  set session_replication_role = replica;
  alter table crm.draft_contents disable trigger immutable;
  update crm.{} set manifest = set_byte(manifest, length(manifest) - 60,
                                        get_byte(manifest, length(manifest) - 60) # 1)
   where {} = '{}';
  alter table crm.draft_contents enable always trigger immutable;"""


def tampered(desk):
    """Behind the back of every trigger and foreign key, as only the superuser can."""
    keys = {"drafts": "id", "draft_contents": "draft_id"}
    for what, tables in (("in the draft alone", ["drafts"]),
                         ("in the draft and the kept content alike", ["drafts", "draft_contents"])):
        draft = desk.send("emil")
        for name in tables:
            desk.stack.sql(FLIP.format(name, keys[name], draft))
        desk.stack.work_once()
        delivery = desk.shows(f"approved bytes changed {what} are never sent", draft,
                              state="blocked", received=0, marks=0, last_error="content_approved")
        equal("and the rule that saw it is kept",
              desk.stack.row(DECISION.format(delivery["id"]))["reason_code"], "content_approved")


# ------------------------------------------------------------------ order

def versions(desk):
    lead, contact = desk.office.lead("fritz+tempfail@example.test")
    first = desk.office.approve(desk.office.submit(lead, contact, "First version"))
    form = desk.office.sales.get(f"/leads/{lead}/edit")
    expect(desk.say(f"/leads/{lead}", {
        "title": "New kitchen", "first_name": "Claire", "email": "fritz@example.test",
        "revision": form.hidden("revision")}), 303)
    second = desk.office.approve(
        desk.office.submit_next_version(first, "Second version", contact))
    desk.stack.work_once()
    desk.stack.work_once()
    desk.shows("a first version that is refused for now is tried", first, state="ready", attempts=1)
    desk.shows("the second version waits behind it", second, state="ready", attempts=0, received=0)
    desk.resolve(desk.delivery(first), "cancel")
    desk.stack.work_once()
    desk.shows("and goes when the first is out of its way", second, state="sent", received=1)


# ------------------------------------------------------------------ the mail server is away

def server_away(desk):
    draft = desk.send("gerd")
    desk.stack.sink.stop()
    desk.stack.work_once()
    desk.shows("without a mail server a mail waits", draft, state="ready", attempts=1, marks=0)
    desk.stack.sink.start()
    worker, begun = desk.stack.worker(), time.monotonic()
    sent = eventually(lambda: desk.delivery(draft)["state"] == "sent", 20, pause=0.2)
    check("and goes by itself when the server is back", sent, desk.delivery(draft))
    say(f"    {time.monotonic() - begun:.1f} s after the server was back")
    worker.kill()
    worker.wait()


# ------------------------------------------------------------------ no, at the last moment

def suppressed_at_the_last_moment(desk):
    """The policy said yes; while the mail server is being talked to, somebody stops all mail."""
    gate = Gate(desk.stack.sink.port)
    gate.hold("354")
    draft = desk.send("lena")
    worker = desk.stack.worker(lease=10, SMTP_URL=gate.url)
    check("a worker is about to send the text", gate.held.wait(10))
    lead = desk.delivery(draft)["lead_id"]
    expect(desk.say(f"/leads/{lead}/suppression", {"reason": "asked us to stop"}), 303)
    gate.release.set()
    eventually(lambda: desk.delivery(draft)["state"] == "ready", 5)
    desk.shows("mail stopped after the rules were asked is held back", draft, state="ready",
               received=0, marks=0)
    worker.terminate()
    worker.wait(10)
    gate.close()
    desk.hurry(draft)
    desk.stack.work_once()
    desk.shows("and blocked when it is due again", draft, state="blocked", received=0)


def listed_at_the_last_moment(desk):
    """As above, but it is the address that nobody writes to any more."""
    gate = Gate(desk.stack.sink.port)
    gate.hold("354")
    draft = desk.send("olga")
    worker = desk.stack.worker(lease=10, SMTP_URL=gate.url)
    check("a worker is about to send the text", gate.held.wait(10))
    lead = desk.delivery(draft)["lead_id"]
    contact = desk.stack.row(
        f"select contact_id::text from crm.draft_recipients where draft_id = '{draft}'")["contact_id"]
    expect(desk.say(f"/leads/{lead}/contacts/{contact}/prohibition",
                    {"kind": "email", "reason": "asked us to stop"}), 303)
    gate.release.set()
    eventually(lambda: desk.delivery(draft)["state"] == "ready", 5)
    desk.shows("mail to an address that was listed after the rules were asked is held back", draft,
               state="ready", received=0, marks=0)
    worker.terminate()
    worker.wait(10)
    gate.close()
    desk.hurry(draft)
    desk.stack.work_once()
    desk.shows("and blocked when it is due again", draft, state="blocked", received=0)


def not_marked(desk):
    """The database does not take the mark; the same worker lives on."""
    gate = Gate(desk.stack.sink.port)
    gate.hold("354")
    draft = desk.send("mona")
    worker = desk.stack.worker(lease=10, SMTP_URL=gate.url)
    check("a worker is about to send the text", gate.held.wait(10))
    with desk.stack.locked(f"select from crm.deliveries where draft_id = '{draft}' for update"):
        gate.release.set()
        time.sleep(3)  # longer than the role's lock_timeout
    eventually(lambda: desk.delivery(draft)["state"] == "ready", 5)
    desk.shows("mail whose mark was not taken is free again at once", draft, state="ready",
               received=0, marks=0)
    desk.hurry(draft)
    sent = eventually(lambda: desk.delivery(draft)["state"] == "sent", 10)
    check("and goes with the next try", sent, desk.delivery(draft))
    equal("once", desk.delivery(draft)["received"], 1)
    worker.terminate()
    worker.wait(10)
    gate.close()


# ------------------------------------------------------------------ workers that stall or stop

def stalled(desk):
    """A worker that stands still longer than its lease, then goes on as if nothing had been."""
    gate = Gate(desk.stack.sink.port)
    for what, answer, meanwhile, marks in (
            ("before the mark", "354", "sent", 1), ("after the mark", "250 2.0.0", "uncertain", 1)):
        draft = desk.send("hans")
        gate.hold(answer)
        worker = desk.stack.worker(lease=2, SMTP_URL=gate.url)
        check(f"a worker is stopped {what}", gate.held.wait(10))
        worker.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        desk.stack.work_once()
        desk.shows(f"stopped {what}, it is {meanwhile} when another worker has looked", draft,
                   state=meanwhile, received=1)
        gate.release.set()
        worker.send_signal(signal.SIGCONT)
        eventually(lambda: desk.delivery(draft)["state"] == "sent", 5)
        time.sleep(0.5)
        worker.terminate()
        equal("it goes on, and ends in order", worker.wait(10), 0)
        desk.shows(f"stopped {what} and gone on, the mail was sent once", draft, state="sent",
                   status="sent", received=1, marks=marks)
    gate.close()


def asked_to_end(desk):
    gate = Gate(desk.stack.sink.port)
    gate.hold("250 2.0.0")
    inhand, waiting = desk.send("ida"), desk.send("jan")
    worker = desk.stack.worker(lease=10, SMTP_URL=gate.url)
    check("a worker has a mail in hand", gate.held.wait(10))
    worker.terminate()
    time.sleep(1)
    check("asked to end, it does not drop it", worker.poll() is None)
    gate.release.set()
    equal("it ends with 0 when the mail is delivered", worker.wait(10), 0)
    desk.shows("which is sent", inhand, state="sent", received=1)
    desk.shows("the next one was not begun", waiting, state="ready", attempts=0)
    gate.close()
    desk.stack.work_once()


def crashed(desk):
    """Death at each step, by the program's own hand: what a random kill may miss."""
    lease, drafts = 4, {}
    for step in STEPS:
        drafts[step] = desk.send(f"kurt-{step}")
        done = desk.stack.work_once(lease=lease, fails=True, CLOSERFLOW_FAULT=step)
        equal(f"a worker dies when a mail is {step}", done.returncode, -signal.SIGKILL)
    time.sleep(lease + 0.5)
    desk.stack.work_once(lease=lease)
    found = {step: desk.delivery(draft) for step, draft in drafts.items()}
    table(["died when", "state", "tries", "received"],
          [[step, d["state"], d["attempts"], d["received"]] for step, d in found.items()])
    equal("before the mark it is tried again, after it a person decides, at the end all is known",
          {step: (d["state"], d["attempts"], d["received"]) for step, d in found.items()},
          {"claimed": ("sent", 2, 1), "decided": ("sent", 2, 1), "marked": ("uncertain", 1, 0),
           "accepted": ("uncertain", 1, 1), "settled": ("sent", 1, 1)})
    equal("the timeline says so too", [found[step]["told"] for step in ("marked", "accepted")],
          ["delivery_uncertain"] * 2)
