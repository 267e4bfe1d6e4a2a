"""A lead, a draft, an approval, a delivered e-mail: as people do it, to the bytes that arrive."""
import re

from checks import test
from looking import look

LETTER = """\
Bonjour Zoë,

merci de votre accueil. Pour **l’étagère du salon** nous proposons :

- chêne *huilé*, 2,40 m ;
- pose en une journée.

Le détail est sur [notre page](https://atelier-dubois.example/etageres?a=1&b=2), à relire tranquillement \
avant jeudi, et bien sûr sans aucun engagement de votre part.

<script>alert(1)</script>

Bien à vous,
Inès Laurent
"""


@test
def a_lead_becomes_a_delivered_email(site, scripts):
    that = site.report.that
    title = site.unique("Étagère sur mesure")
    subject = site.unique("Notre proposition – étagère")
    address = f"zoe.{site.unique('m').replace(' ', '-')}@example.test"

    sales = site.person("sales", scripts, fresh=True)
    that(
        "sales signs in and stands before what is to be done today",
        sales.heading.startswith("Today"),
    )
    sales.open("/leads").follow("New lead")
    sales.type("Title", title)
    sales.page.get_by_label("Estimated value in EUR").fill("1 200,50")
    sales.type("First name", "Zoë")
    sales.type("Last name", "O’Brien-Müller")
    sales.page.get_by_label("Company").fill("Atelier & Fils <Paris>")
    sales.type("E-mail", address)
    sales.press("Add the lead")
    if sales.status == 409:  # somebody of this name at this company is known from the first time
        sales.press("Create it anyway")
    lead = sales.path.split("?")[0]
    that("the lead is captured and its record is shown", "captured" in sales.notice, sales.page.url)
    that("the company stands there as it was typed", "Atelier & Fils <Paris>" in sales.heading)
    that(
        "the record says what to do next",
        "Nobody has written to this lead yet" in sales.text(".next"),
    )

    sales.follow("Write the first e-mail")
    that(
        "the person is addressed already",
        sales.page.get_by_role("checkbox", name="To: Zoë O’Brien-Müller").is_checked(),
    )
    sales.type("Subject", subject)
    sales.type("Message", LETTER)
    sales.press("Save")
    draft = sales.path.split("?")[0].split("#")[0].removesuffix("/edit")
    preview = sales.page.locator("#preview .mail")
    that(
        "the preview shows bold words in bold",
        preview.locator("strong").inner_text() == "l’étagère du salon",
    )
    that("a script is no part of the message", preview.locator("script").count() == 0)
    that("nothing is sent by saving", "Nothing is sent" in sales.notice and not site.mails(subject))
    sales.press("Submit for review")
    that("the draft waits for review", sales.text(".verdict .state") == "Waiting for review")
    that(
        "its author is not offered to review it",
        sales.page.get_by_role("link", name="Review it").count() == 0,
    )

    reviewer = site.person("reviewer", scripts, fresh=True)
    that(
        "the reviewer signs in and stands before the queue",
        reviewer.heading.startswith("Waiting for review"),
    )
    reviewer.follow(subject)
    that("the card says that no rule forbids it", reviewer.text(".verdict .state") == "May be sent")
    seen = Card(reviewer)
    that(
        "the card shows sender, recipient and subject",
        seen.sender.endswith("<bonjour@atelier-dubois.example>")
        and seen.recipients == [f"Zoë O’Brien-Müller <{address}>"]
        and seen.subject == subject,
        vars(seen),
    )
    that(
        "the card shows the plain-text part",
        "chêne" in seen.text and "<" not in seen.text.replace("<https", ""),
        seen.text,
    )
    reviewer.press("Approve and send")
    that("approving says so on the next card", "Approved" in reviewer.notice, reviewer.page.url)
    reviewer.open("/review")
    that("the queue has it no more", reviewer.page.get_by_role("link", name=subject).count() == 0)

    message = site.wait_for_mail(subject)
    text, markup = (message.get_body((kind,)) for kind in ("plain", "html"))
    that("the mail comes from the house", str(message["From"]) == seen.sender, str(message["From"]))
    that(
        "it goes to the person of the lead",
        [str(message["To"])] == seen.recipients,
        str(message["To"]),
    )
    that(
        "it has a Message-ID of our domain",
        message["Message-ID"].strip().endswith("@atelier-dubois.example>"),
        message["Message-ID"],
    )
    that(
        "it is multipart/alternative, text first",
        message.get_content_type() == "multipart/alternative"
        and [part.get_content_type() for part in message.iter_parts()]
        == ["text/plain", "text/html"],
    )
    that(
        "its text is the text that the reviewer saw",
        text.get_content().replace("\r\n", "\n") == seen.text,
        (text.get_content(), seen.text),
    )
    arrived = as_shown(site, markup.get_content())
    that(
        "its HTML is the message that the reviewer saw",
        # A page adds only attributes: no hold on it, and where the link leads.
        arrived == re.sub(r' (rel|data-target)="[^"]*"', "", seen.markup),
        (arrived, seen.markup),
    )
    that("one mail came, not two", len(site.mails(subject)) == 1)

    sales.wait_for_state(draft, "Sent")
    that("the draft says that it was sent", True)
    sales.open(lead)
    timeline = [line.inner_text() for line in sales.page.locator(".timeline > li p").all()]
    that(
        "the timeline tells it from the end to the beginning",
        [line.split("“")[0].strip() for line in timeline]
        == [timeline[0], "Sent", "Approved", "Submitted", "Started", timeline[-2], timeline[-1]]
        and timeline[0].startswith("Contact status: Not contacted yet → Contacted.")
        and timeline[-2].startswith("Given to Inès Laurent.")
        and timeline[-1].startswith("Lead captured."),
        timeline,
    )

    admin = site.person("admin", scripts, fresh=True)
    admin.open("/outbox")
    row = admin.page.locator("tr").filter(has_text=subject)
    that(
        "the outbox lists it as delivered at the first attempt",
        "Sent" in row.inner_text()
        and row.locator("td.number").first.inner_text().strip().endswith("1"),
        row.inner_text(),
    )
    admin.follow(address, within=row)
    that(
        "its page names the attempt and the rules that were asked",
        admin.sees("Taken by the mail server") and admin.sees("The lead may be written to"),
    )
    that("its page shows the Message-ID of the mail", admin.sees(message["Message-ID"].strip()))


@test
def an_address_that_changed_meanwhile_is_looked_at_again(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    name = site.unique("Moved").replace(" ", "")
    lead = sales.capture(site.unique("Staircase"), last_name=name)
    draft = sales.write(lead, site.unique("Your staircase"), "Hello.", then="Save")
    written = sales.open(draft).page
    sales.new_tab()
    sales.open(lead).follow(f"Claire {name}")
    address = f"{name.lower()}@elsewhere.example.test"
    sales.type("E-mail", address)
    sales.press("Save")
    sales.page = written
    sales.press("Submit for review")
    that(
        "it is not handed in to an address that nobody chose",
        sales.status == 422 and sales.sees("An address has changed since it was chosen."),
        sales.status,
    )
    that("what is written stands there still", sales.value("Message").strip() == "Hello.")
    that("and the new address beside the name", sales.sees(address))
    if scripts:
        look(sales, "drafts edit address changed")
    sales.press("Submit for review")
    that("looked at, it goes to the new one", sales.text(".verdict .state") == "Waiting for review", sales.path)
    that("which its page shows", sales.open(draft).sees(address))


class Card:
    """What a review card shows."""

    def __init__(self, reader):
        def lines(term):
            row = reader.page.locator(".envelope > div").filter(
                has=reader.page.locator("dt", has_text=term)
            )
            return [dd.inner_text() for dd in row.locator("dd").all()]

        self.sender = lines("From")[0]
        self.recipients = lines("To")
        self.subject = lines("Subject")[0]
        self.markup = reader.page.locator(".mail").inner_html().strip()
        reader.page.get_by_text("The plain-text part of the same message").click()
        self.text = reader.page.locator(".plain-text").text_content()


def as_shown(site, markup):
    """The markup of a mail's body, as a browser understands it."""
    reader = site.stranger()
    reader.page.set_content(markup)
    return reader.page.locator("body").inner_html().strip()
