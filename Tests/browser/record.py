"""The record of a lead: notes, who may be contacted, what comes next, what was before."""

from checks import test
from looking import look


@test
def a_note_is_written_tells_a_colleague_and_is_struck_out(site, scripts):
    that = site.report.that
    sales, reviewer = site.person("sales", scripts), site.person("reviewer", scripts)
    title = site.unique("With a note")
    lead = sales.capture(title)
    sales.press("Add the note")
    that("an empty note is none", sales.status == 422 and "Write something" in sales.error_beside("body"))
    if scripts:
        look(sales, "leads show note invalid")
    sales.type("Note", "Called her.\n@thomas becker, is 58 € right? <b>")
    sales.press("Add the note")
    that(
        "it stands on the timeline as it was written",
        "Called her.\n@thomas becker, is 58 € right? <b>" in sales.text(".timeline blockquote"),
        sales.text(".timeline"),
    )
    if scripts:
        look(sales, "leads show with a note")

    reviewer.open("/today")
    reviewer.page.locator("nav a[href='/notifications']").click()
    row = reviewer.page.locator(".notifications li").filter(has_text=title)
    that("the colleague is told, with the words", "is 58 € right?" in row.inner_text())
    if scripts:
        look(reviewer, "notifications")
    unread = reviewer.page.get_by_role("button", name="Mark as read", exact=True).count()
    reviewer.press("Mark as read", within=row)
    that(
        "and marks it as read",
        reviewer.page.get_by_role("button", name="Mark as read", exact=True).count() == unread - 1,
    )
    reviewer.follow(title)
    that("it leads to the note", reviewer.heading.startswith("Note by Inès Laurent"), reviewer.heading)
    reviewer.page.get_by_text("Strike it out", exact=True).click()
    reviewer.press("Strike out this note")
    that("striking out asks why", reviewer.status == 422 and reviewer.error_beside("reason") != "")
    if scripts:
        look(reviewer, "notes show invalid")
    reviewer.type("Reason", "It is 85 €.")
    reviewer.press("Strike out this note")
    that(
        "the note stays, struck through",
        reviewer.page.locator(".timeline blockquote s").count() == 1,
    )
    reviewer.follow("Note", within=reviewer.page.locator(".timeline"))
    that("with the reason", reviewer.sees("It is 85 €."))
    if scripts:
        look(reviewer, "notes show struck")


def deed(person, summary):
    """One of the record's small forms, unfolded."""
    found = person.page.locator("details").filter(has=person.page.get_by_text(summary, exact=True)).last
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


@test
def two_people_change_a_lead_at_once(site, scripts):
    that = site.report.that
    sales, admin = site.person("sales", scripts), site.person("admin", scripts)
    title = site.unique("Two at it")
    lead = sales.capture(title)
    admin.open(lead)
    for person, tag in ((admin, "vip"), (sales, "fair")):
        form = deed(person, "Change the tags")
        form.get_by_label("Tags").fill(tag)
        person.press("Save", within=form)
    that("each keeps the other's tags", sales.text(".tags").split() == ["vip", "fair"], sales.text(".tags"))

    admin.open(lead)
    sales.press("Move to Discovery")
    form = deed(admin, "Another stage")
    form.get_by_label("Stage").select_option(label="Decision")
    form.get_by_label("Reason").fill("They called me.")
    admin.press("Move", within=form)
    that("a stage that somebody set meanwhile is shown", admin.status == 409, admin.status)
    that("with what is saved", admin.sees("Somebody was quicker: “Discovery” is saved now."))
    form = deed(admin, "Another stage")
    that(
        "and what was typed is kept",
        form.get_by_label("Reason").input_value() == "They called me."
        and form.get_by_label("Stage").input_value() == "decision",
    )
    if scripts:
        look(admin, "leads show overtaken")
    admin.press("Move", within=form)
    that("sent again, it counts", admin.text(".ladder [aria-current]").startswith("Decision"), admin.notice)

    admin.open(f"{lead}/edit")
    sales.open(lead)
    form = deed(sales, "Give to somebody else")
    form.get_by_label("Owner").select_option(label="Nobody yet")
    sales.press("Give", within=form)
    admin.press("Save")
    that(
        "an owner changed meanwhile is named on the edit form",
        admin.status == 409 and "Owner" in admin.text(".panel.look dl") and "Nobody yet" in admin.text(".panel.look dl"),
        admin.status,
    )
    if scripts:
        look(admin, "leads edit conflict of owner")
    admin.open(f"{lead}/edit")
    sales.open(lead)
    form = deed(sales, "Change the tags")
    form.get_by_label("Tags").fill("vip")
    sales.press("Save", within=form)
    admin.press("Save")
    that(
        "and where nothing of mine differs, it says so",
        admin.status == 409 and admin.sees("Nothing in your form differs from what is saved now"),
    )

    sales.open(lead)
    sales.type("Note", "Typed before it was gone.")
    admin.open(lead)
    form = deed(admin, "Delete")
    admin.press("Delete this lead", within=form)
    sales.press("Add the note")
    that(
        "a note on a lead deleted meanwhile is kept",
        sales.status == 409 and sales.value("Note") == "Typed before it was gone.",
        sales.status,
    )
    if scripts:
        look(sales, "leads show note too late")


@test
def people_of_a_lead_have_roles(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("p").split()[-1]
    address = f"paula-{word}@example.test"
    elsewhere = site.unique("Elsewhere")
    sales.capture(elsewhere, last_name="Known", address=address)
    title = site.unique("With people")
    lead = sales.capture(title)
    form = deed(sales, "Add a person")
    form.get_by_label("First name").fill("Typed")
    form.get_by_label("E-mail").fill(address)
    # A number of its own in each run.
    number = f"+33 6 {int(word.split('-')[0], 36) % 10**6:06d} {int(word.split('-')[1]) % 100:02d}"
    form.get_by_label("Phone").fill(number)
    form.get_by_label("Role").fill("decision maker")
    sales.press("Add this person", within=form)
    row = sales.page.locator(".contacts > li").filter(has_text=address)
    that("a known person is found, and keeps their name", "Claire Known" in row.inner_text(), row.inner_text())
    that("with the role", "decision maker" in row.inner_text())
    that("and the number that was not known", row.locator(".way").count() == 2, row.inner_text())
    row.get_by_text("Change the role").first.click()
    row.get_by_label("Role").fill("pays")
    sales.press("Save", within=row)
    that("the role is changed beside them", "pays" in row.inner_text() and "decision" not in row.inner_text())
    if scripts:
        row.get_by_text("Change the role").first.click()
        look(sales, "leads show with roles")
    sales.follow("Claire Known", within=row)
    that(
        "and stands on their own page",
        "pays" in sales.page.locator("li").filter(has_text=title).inner_text(),
    )
    if scripts:
        look(sales, "contacts show with roles")
    other = sales.page.get_by_role("link", name=elsewhere)
    sales._go(other)
    form = deed(sales, "Add a person")
    form.get_by_label("E-mail").fill(f"nobody-{word}@example.test")
    form.get_by_label("Phone").fill(number)
    sales.press("Add this person", within=form)
    that(
        "a number of somebody who has another address is refused, and kept",
        sales.status == 422
        and "known with another address" in sales.error_beside("contacts-email")
        and sales.page.locator("#contacts-phone").input_value() == number,
        sales.status,
    )
    if scripts:
        look(sales, "leads show person known otherwise")
    sales.open(f"{sales.path.split('/contacts')[0]}/edit")
    that("the edit form says where else the person stands", sales.sees("This person also stands at 1 other lead."))
    if scripts:
        look(sales, "leads edit of a shared person")


@test
def tags_and_the_expected_close_are_typed_with_a_lead(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    lead = sales.capture(site.unique("All of it"), Tags="vip, fair", Expected_close="2031-03-01")
    that(
        "both stand on the record",
        sales.text(".tags").split() == ["vip", "fair"] and "1 March 2031" in sales.text(".identity"),
        sales.text(".identity"),
    )
    sales.open(f"{lead}/edit")
    that("the day can be edited", sales.page.locator("#expected_close_date").input_value() == "2031-03-01")
    if scripts:
        look(sales.open("/leads/new"), "leads new with tags")


@test
def the_timeline_shows_what_is_asked_for(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    sales.capture(site.unique("Much happened"))
    sales.type("Note", "The only note")
    sales.press("Add the note")
    sales.press("Move to Discovery")
    sales.page.get_by_text("Show only some").click()
    kinds = sales.page.get_by_role("navigation", name="Kind")
    sales.follow("Notes", within=kinds)
    lines = sales.page.locator(".timeline > li")
    that("notes only", lines.count() == 1 and "The only note" in lines.inner_text(), lines.count())
    sales.follow("CloserFlow", within=sales.page.get_by_role("navigation", name="Done by"))
    that("and none of them by the machine", sales.sees("Nothing of this kind"))
    if scripts:
        look(sales, "leads show none match")
    sales.follow("All", within=sales.page.get_by_role("navigation", name="Done by"))
    sales.follow("All", within=sales.page.get_by_role("navigation", name="Kind"))
    that("then everything again", lines.count() == 4, lines.count())


@test
def it_says_whose_a_lead_is_and_why(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    lead = sales.capture(site.unique("Given away"))
    sales.page.get_by_text("Give to somebody else").click()
    sales.page.locator("#assignment-owner").select_option(label="Thomas Becker")
    sales.page.locator("#assignment-reason").fill("He knows them.")
    sales.press("Give", within=sales.page.locator(f"form[action='{lead}/assignment']"))
    row = sales.page.locator(".timeline > li").first
    that("the timeline says to whom", "Given to Thomas Becker." in row.inner_text(), row.inner_text())
    that("and why", row.locator("blockquote").inner_text() == "He knows them.")
    sales.follow("History", within=row)
    that(
        "the history tells it from whom to whom",
        "Owner: Inès Laurent → Thomas Becker" in sales.text(".timeline") and "by hand" in sales.text(".timeline"),
        sales.text(".timeline"),
    )
    if scripts:
        look(sales, "leads history owner")


@test
def who_wrote_waits_until_they_are_answered(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("Wrote to us")
    lead = sales.capture(title, What_they_wrote="Can you come on Monday?")
    that("the next step is to answer", "wait for an answer" in sales.text(".next"), sales.text(".next"))
    sales.open("/today")
    row = sales.page.locator("section").filter(has_text="Waiting for an answer").locator("li").filter(has_text=title)
    that("it stands on Today, with the words", "Can you come on Monday?" in row.inner_text())
    if scripts:
        look(sales, "today awaiting")
    sales.follow(title, within=row)
    that("which leads to the conversation", sales.sees("Waits for an answer"), sales.path)
    if scripts:
        look(sales, "leads conversation awaiting")
    sales.page.get_by_text("Answered otherwise").click()
    sales.page.locator("#answer-reason").fill("Rang her.")
    sales.press("They have their answer")
    that("answered by telephone, they wait no longer", not sales.sees("Waits for an answer"), sales.notice)
    sales.open(lead)
    that("which the timeline tells", "Answered them otherwise." in sales.text(".timeline"), sales.text(".timeline"))


@test
def a_letter_that_leaves_is_their_answer(site, scripts):
    that = site.report.that
    sales, reviewer = site.person("sales", scripts), site.person("reviewer", scripts)
    lead = sales.capture(site.unique("Answered"), What_they_wrote="How much is it?")
    subject = site.unique("The price")
    draft = sales.write(lead, subject, "It is **85 €**.")
    reviewer.open(f"/review/{draft.split('/')[-1]}")
    reviewer.press("Approve and send")
    site.wait_for_mail(subject)
    sales.wait_for_state(draft, "Sent")
    sales.open(f"{lead}/conversation")
    that("the letter stands in the conversation", "85 €" in sales.text(".messages > li"), sales.text(".messages"))
    that("and nobody waits", not sales.sees("Waits for an answer"))
    if scripts:
        look(sales, "leads conversation answered")
    sales.follow(subject, within=sales.page.locator(".messages"))
    that("it leads to the draft", sales.path.startswith(draft), sales.path)


@test
def an_address_is_never_written_to_again(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    address = f"nobody-{site.unique('x').replace(' ', '')}@example.test"
    lead = sales.capture(site.unique("Leave me alone"), address=address)
    way = sales.page.locator(".way").filter(has_text=address)
    that("at first it may be used", "May be e-mailed, after approval" in way.inner_text())
    way.get_by_text("Never e-mail this address").first.click()
    sales.press("Never e-mail this address", within=way)
    that("it asks why", sales.status == 422, sales.status)
    if scripts:
        look(sales, "leads show prohibition invalid")
    way.get_by_label("Reason").fill("Asked on the phone.")
    sales.press("Never e-mail this address", within=way)
    that("it says who may not be e-mailed, since when and by whom",
         "May not be e-mailed: Asked on the phone." in way.inner_text()
         and "by Inès Laurent" in way.inner_text(), way.inner_text())
    that("and the next step is another", "Nobody at this lead may be e-mailed" in sales.text(".next"))
    if scripts:
        look(sales, "leads show prohibited")
    sales.open(lead)
    way.get_by_text("Allow this address again").first.click()
    way.get_by_label("Reason").fill("Wrote to us.")
    sales.press("Allow this address again", within=way)
    that("until it is allowed again", "May be e-mailed, after approval" in way.inner_text())


@test
def a_follow_up_is_remembered(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("Call back")
    lead = sales.capture(title)
    sales.page.get_by_text("Follow up on a day").click()
    sales.press("Remember")
    that("it asks for the day", sales.status == 422 and sales.error_beside("follow-up-day") != "")
    sales.page.locator("#follow-up-day").fill("2026-01-15")
    sales.press("Remember")
    that("it is overdue", "Follow-up overdue since" in sales.text(".next"), sales.text(".next"))
    if scripts:
        look(sales, "leads show overdue")
    sales.open("/today")
    that("and stands on Today, longest overdue first", title in sales.text("[aria-labelledby=due-title] .rows > li"))
    if scripts:
        look(sales, "today with follow-ups")
    sales.open(lead)
    sales.page.get_by_text("The follow-up is done").click()
    sales.press("Take it off the list")
    that("until it is done", "overdue" not in sales.text(".next"))


@test
def the_history_tells_what_was_before(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("Was another")
    lead = sales.capture(title)
    sales.open(f"{lead}/edit")
    sales.type("Title", title + " indeed")
    sales.press("Save")
    sales.press("Move to Discovery")
    sales.open(lead)
    tabs = sales.page.get_by_role("navigation", name="Parts of this record")
    sales.follow("History", within=tabs)
    row = sales.page.locator(".fields-history li").filter(has_text=title + " indeed")
    that("a field as it was and became", row.locator("del").inner_text() == title, row.inner_text())
    that("the stages too", "New → Discovery" in sales.text(".timeline"), sales.text(".timeline"))
    for name in ("Drafts", "Conversation"):
        sales.follow(name, within=tabs)
        that(f"{name} is a tab away", sales.text(".tabs [aria-current]") == name)
        if scripts:
            look(sales, f"leads {name} empty")


@test
def leads_are_related_and_drawn(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    names = [site.unique(name) for name in ("Hers", "His", "Theirs")]
    leads = [sales.capture(name, address=f"{i}-{names[0].split()[-1]}@example.test") for i, name in enumerate(names)]
    for here, there, role in ((0, 1, "was referred by"), (1, 2, "is a colleague of")):
        sales.open(leads[here])
        sales.page.locator(".tabs").get_by_role("link", name="Relationships").click()
        sales.page.get_by_label("Search for the other lead").fill(names[there])
        sales.press("Search")
        if here == 0:
            sales.press("Add the relationship")
            that("it asks which lead", sales.status == 422 and sales.sees("Choose the other lead."))
            if scripts:
                look(sales, "leads relationships invalid")
        sales.page.get_by_role("radio", name=names[there]).check()
        sales.page.get_by_label("This lead").select_option(label=role)
        sales.press("Add the relationship")
        that("it is noted", "noted at both leads" in sales.notice, sales.notice)
    sales.open(f"{leads[0]}/relationships")
    drawn = sales.page.locator(".graph a")
    that("the drawing goes two steps out", drawn.count() == 3, drawn.count())
    if scripts:
        look(sales, "leads relationships of three")
    rows = sales.page.locator(".ties tbody tr")
    that("the table says the same", rows.count() == 2 and f"{names[1]}" in rows.first.inner_text())
    drawn.filter(has_text=names[2]).focus()
    with sales.page.expect_navigation():
        sales.page.keyboard.press("Enter")
    that("a box leads to its lead", sales.heading.startswith(names[2]), sales.heading)
    that("whose record tells it too", f"is a colleague of {names[1]}" in sales.text(".identity"), sales.text(".identity"))
    sales.open(f"{leads[0]}/relationships")
    sales.press("Remove", within=rows.first)
    that("removed, nothing is drawn", sales.page.locator(".graph").count() == 0)


@test
def a_card_is_moved_on_the_board(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("On the board")
    sales.capture(title)
    sales.open(f"/leads/board?q={title.replace(' ', '+')}")
    column = lambda stage: sales.page.locator(f"[data-stage={stage}]")  # noqa: E731
    that("it stands in the first column", title in column("new").inner_text())
    card = sales.page.locator("[data-card]").filter(has_text=title)
    card.get_by_text("Move to").click()
    sales.press("Proposal", within=card)
    that("a button moves it on", title in column("proposal").inner_text(), sales.notice)
    that("and the search stays", "q=On" in sales.path, sales.path)
    if scripts:
        card.drag_to(column("decision"))
        sales.page.wait_for_url("**said=lead-moved**")
        sales.page.wait_for_selector(f"[data-stage=decision] :text('{title}')")
        that("it can be dragged on", title in column("decision").inner_text())
        with sales.page.expect_navigation():
            card.drag_to(column("discovery"))
    else:
        card.get_by_text("Move to").click()
        sales.press("Discovery", within=card)
    that("the way back asks why", sales.status == 422 and sales.error_beside("reason") != "", sales.status)
    if scripts:
        look(sales, "leads board moving back")
    sales.type("Reason", "They want another variant.")
    sales.press("Move back")
    that("and with a reason it goes back", title in column("discovery").inner_text(), sales.notice)
    if scripts:
        look(sales.open("/leads/board"), "leads board")


@test
def an_admin_sets_when_a_card_is_tinted(site, scripts):
    that = site.report.that
    admin = site.person("admin", scripts).open("/leads/board")
    admin.follow("Workspace")
    label = "Tint a card on the board after how many days without anything new"
    admin.type(label, "x")
    admin.press("Save")
    that("it takes a number only", admin.status == 422 and admin.value(label) == "x")
    if scripts:
        look(admin, "settings workspace invalid")
    admin.type(label, "30")
    admin.press("Save")
    that("it is saved", admin.value(label) == "30", admin.notice)
