"""A release, another, and back, by the operator's own commands, while people read and write: the old program beside new
functions, the new one beside old functions."""
import os
import re
import shutil
import subprocess
import sys
import time

from checks import chapter, check, equal, say
from load import Load
from office import Office
from stack import Stack

ORDINARY = 20  # releases of three changed functions, for the figures of what they cost


def run(_):
    chapter("releases: forward, further and back, under load")
    with Stack() as stack:
        stack.open_site()
        office = Office(stack, "acme")
        folders = Folders(stack)
        load = Load(stack, office)
        load.start()
        time.sleep(1)
        forward(stack, office, folders)
        further(stack, office, folders)
        back(stack, office, folders)
        load.stop()
        settle(stack, load)
        ordinary(stack, office, folders)


class Folders:
    """The migrations of three releases: the one that stands here, and two that somebody may write after it."""

    def __init__(self, stack):
        self.one = stack.migrations
        newest = max(int(name[:4]) for name in names(self.one))
        self.two = self._copy(stack, "two")
        self._change(self.two, "first/tenant", "-- Another text.")
        self._change(self.two, "leads/keep_lead", "-- Another text.")
        self._append(self.two, "leads/count_leads", """
-- for: web
-- The same for those who ask for more.
create or replace function app.count_leads(p_filter jsonb, p_cap int, p_more int) returns bigint
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic select app.count_leads(p_filter, p_cap + p_more); end;
""")
        self._write(self.two, f"{newest + 1:04}_remarks.sql", """-- migrate:up
create table crm.remarks (tenant_id uuid not null, id uuid not null, body text not null, primary key (tenant_id, id));
call app.fence('crm.remarks');
grant select, insert on crm.remarks to closerflow_web;
alter table crm.leads add column remark text;

-- migrate:down
alter table crm.leads drop column remark;
drop table crm.remarks;
""")
        self._write(self.two, "functions/notes/keep_remark.sql", """-- for: owner
-- A remark says something.
create or replace function app.keep_remark() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$ begin new.body := btrim(new.body); return new; end $$;

create or replace trigger keep before insert on crm.remarks for each row execute function app.keep_remark();
""")
        # The one after it drops the signature that the one before it did not call any more.
        self.three = self._copy(stack, "three", self.two)
        text = read(f"{self.three}/functions/leads/count_leads.sql")
        kept = text[text.rindex("-- for: web"):].replace(
            "begin atomic select app.count_leads(p_filter, p_cap + p_more); end",
            "begin atomic select cardinality(sec.lead_ids(app.tenant(), app.actor(), p_filter, 'any', null, p_cap + p_more)); end")
        self._write(self.three, "functions/leads/count_leads.sql", kept.replace(
            "language sql stable\n", "language sql stable security definer\n"))
        self._write(self.three, f"{newest + 2:04}_drop_count.sql", """-- migrate:up
-- lint:allow drop: the release before called the other one; the one that stays is made again behind this
drop function app.count_leads(jsonb, int, int), app.count_leads(jsonb, int);

-- migrate:down
select 1;
""")

    @staticmethod
    def _copy(stack, name, source=None):
        folder = f"{stack.dir}/migrations-{name}"
        shutil.copytree(source or stack.migrations, folder)
        return folder

    @staticmethod
    def _write(folder, path, text):
        with open(f"{folder}/{path}", "w", encoding="utf-8") as file:
            file.write(text)

    def _change(self, folder, path, comment):
        file = f"functions/{path}.sql"
        text = read(f"{folder}/{file}")
        self._write(folder, file, text.replace("\nbegin\n", f"\nbegin\n  {comment}\n", 1))

    def _append(self, folder, path, text):
        file = f"functions/{path}.sql"
        self._write(folder, file, read(f"{folder}/{file}") + text)


def forward(stack, office, folders):
    stack.migrations = folders.two
    said = migrate(stack, "up").stdout
    check("a release applies its table and its functions", "remarks.sql applied" in said
          and "count_leads.sql applied" in said and "first/tenant.sql applied" in said, said)
    mixed("the old program", office, True)
    time.sleep(2)
    equal("its files, the history and the catalogue agree", migrate(stack, "verify").returncode, 0)
    replace_responder(stack)
    mixed("the new program", office, False)
    stack.migrations = folders.one
    refused = migrate(stack, "up", fails=True)
    check("a host of the old release that starts its own up is refused", refused.returncode == 65
          and "its file is gone" in refused.stderr and "--back" in refused.stderr,
          (refused.returncode, refused.stderr))


def further(stack, office, folders):
    stack.migrations = folders.three
    said = migrate(stack, "up").stdout
    check("the next release drops what the one before had replaced", "drop_count.sql applied" in said, said)
    equal("and all agrees", migrate(stack, "verify").returncode, 0)
    replace_responder(stack)
    time.sleep(1)


def back(stack, office, folders):
    # Beside the functions of the first stands one more, of a table that the second made.
    for folder, name, is_whole in ((folders.two, "to the release before", True), (folders.one, "and once more", False)):
        stack.migrations = folder
        refused = migrate(stack, "up", fails=True)
        equal(f"back {name}: not without saying so", refused.returncode, 65)
        said = migrate(stack, "up", "--back").stdout
        check("its functions come back on purpose", "applied" in said, said)
        mixed("the new program beside the old functions", office, True)
        time.sleep(2)
        replace_responder(stack)
        mixed(f"the old program, {name}", office, not is_whole)
    told = migrate(stack, "verify", fails=True)
    check("what the newer releases left is told", told.returncode == 65
          and "app.keep_remark" in told.stdout and "remarks.sql is applied" in told.stdout, told.stdout)
    equal("what they had made of tables stays", stack.value("select count(*) from crm.remarks"), 0)
    stack.migrations = folders.three
    migrate(stack, "up")
    found = migrate(stack, "verify", fails=True)
    equal("forward again is a plain up, and all agrees", (found.returncode, found.stdout), (0, "files, history and schema agree\n"))
    replace_responder(stack)
    mixed("the newest program", office, False)


def settle(stack, load):
    reads, posts = load.answers("GET"), load.answers("POST")
    say(f"    {len(load.found)} requests in {load.seconds:.1f} s meanwhile, slowest "
        f"{max(wait for *_, wait in load.found):.2f} s")
    equal(f"of {reads.total()} pages none failed", reads, {200: reads.total()})
    equal(f"of {posts.total()} posts none failed", posts, {303: posts.total()})
    equal("every lead that was posted is there, once",
          stack.row("select count(*) as leads, count(distinct title) as titles from crm.leads "
                    "where title like 'Rolled %'"), {"leads": posts.total(), "titles": posts.total()})


def ordinary(stack, office, folders):
    """What people notice of three changed functions; figures, since this hardware is noisy. A runner that locks nothing
    still keeps a processor busy, so beside it stands a program that does only that."""
    load = Load(stack, office, pause=0.05)  # people, not a flood: both cores have time to spare
    load.start()
    spans = {"releases of three functions": [], "programs that only compute": [], "pauses": []}
    for number in range(ORDINARY):
        for path in ("leads/list_leads", "leads/keep_lead", "drafts/keep_draft"):
            Folders._change(folders, folders.three, path, f"-- Text {number}.")
        took = 0
        for kind, work in zip(spans, (lambda: migrate(stack, "up"), lambda: compute(took), lambda: time.sleep(took))):
            begun = time.monotonic()
            work()
            ended = time.monotonic()
            took = took or ended - begun
            spans[kind].append((begun - load.begun, ended - load.begun))
            time.sleep(0.8)
    load.stop()
    for kind, times in spans.items():
        waits = sorted(1000 * wait for at, wait in load.waits if any(begun <= at < ended for begun, ended in times))
        say(f"    beside {ORDINARY} {kind}, {1000 * sum(e - b for b, e in times) / ORDINARY:.0f} ms each: "
            f"p50 {waits[len(waits) // 2]:.1f} ms, p99 {waits[len(waits) * 99 // 100]:.1f} ms of {len(waits)} requests")
    equal("no request fails beside an ordinary release",
          {answer for _, answer, _ in load.found} - {200, 303}, set())


def compute(seconds):
    """As long as a release takes, the interpreter's own start within."""
    subprocess.run([sys.executable, "-S", "-c", "import sys, time\nuntil = time.monotonic() + float(sys.argv[1])\n"
                    "while time.monotonic() < until: pass", str(max(seconds - 0.02, 0))], check=True)


def migrate(stack, *arguments, fails=False):
    return stack.closerflow("migrate", *arguments, fails=fails)


def replace_responder(stack):
    new = stack.serve()
    old, stack.responder = stack.responder, new
    old.terminate()
    old.wait(20)


def mixed(whose, office, is_mixed):
    page = office.sales.get("/readyz")
    check(f"{whose} says so where the functions are another release's" if is_mixed
          else f"{whose} finds its own functions",
          page.status == 200 and ("of another release" in page.text) == is_mixed
          and re.match(r"ready, schema \d{4}, functions [0-9a-f]{12}", page.text), (page.status, page.text))


def names(folder):
    return [name for name in os.listdir(folder) if name.endswith(".sql")]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()
