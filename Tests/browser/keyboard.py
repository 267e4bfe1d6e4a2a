"""The work without a mouse."""

from checks import test

LONG = "\n\n".join(
    f"Paragraph {number} of a letter that is longer than the window." for number in range(40)
)


def press(person, *keys):
    for key in keys:
        person.page.keyboard.press(key)


def go(person, *keys):
    with person.page.expect_navigation():
        press(person, *keys)


@test
def keys_lead_through_the_site(site):
    that = site.report.that
    sales = site.person("sales").open("/today")
    go(sales, "/")
    that(
        "/ leads to the search of the leads",
        sales.path.startswith("/leads") and sales.focused == "q",
        sales.page.url,
    )
    press(sales, "g", "t", "?")
    that(
        "in a field keys are letters",
        sales.page.locator("#q").input_value() == "gt?"
        and not sales.page.locator("#shortcuts").is_visible(),
    )
    sales.open("/leads")
    press(sales, "/")
    that("/ on the list goes into its search", sales.focused == "q", sales.focused)
    sales.open("/leads")
    go(sales, "g", "t")
    that("g t leads to Today", sales.path == "/today", sales.path)
    go(sales, "g", "l")
    that("g l leads to the leads", sales.path == "/leads", sales.path)
    press(sales, "g", "r")
    sales.page.wait_for_timeout(300)
    that("g r does nothing for those who do not review", sales.path == "/leads", sales.path)
    reviewer = site.person("reviewer").open("/leads")
    go(reviewer, "g", "r")
    that("g r leads reviewers to the queue", reviewer.path == "/review", reviewer.path)
    go(reviewer, "g", "o")
    that("g o leads to the outbox", reviewer.path == "/outbox", reviewer.path)


@test
def the_list_of_keys_opens_closes_and_turns_them_off(site):
    that = site.report.that
    sales = site.person("sales").open("/leads")
    dialog = sales.page.locator("#shortcuts")
    press(sales, "?")
    that("? opens the list", dialog.is_visible())
    press(sales, "j")
    that(
        "behind it nothing moves",
        sales.page.evaluate("document.querySelector('[data-row]:focus')") is None,
    )
    press(sales, "Escape")
    that("Escape closes it", not dialog.is_visible())
    press(sales, "?")
    dialog.get_by_label("Use these keys on this device").uncheck()
    press(sales, "Escape", "/")
    that("turned off, / is only a character", sales.focused != "q", sales.focused)
    sales.open("/leads")
    press(sales, "j")
    that(
        "it stays off on the next page",
        sales.page.evaluate("document.querySelector('[data-row]:focus')") is None,
    )
    press(sales, "?")
    that("? still opens the list, to turn them on again", dialog.is_visible())


@test
def j_and_k_walk_through_every_list(site):
    that = site.report.that
    for role, path in (
        ("sales", "/leads"),
        ("sales", "/today"),
        ("reviewer", "/review"),
        ("admin", "/outbox"),
    ):
        person = site.person(role).open(path)
        rows = person.page.locator("[data-row]")
        at = lambda: person.page.evaluate(  # noqa: E731
            "[...document.querySelectorAll('[data-row]')].indexOf(document.activeElement)"
        )
        seen = []
        for key in "jjkkk":
            press(person, key)
            seen.append(at())
        that(
            f"{path}: j goes down, k goes up, no further than the first",
            seen == [0, 1, 0, 0, 0],
            seen,
        )
        address = rows.first.get_attribute("href")
        go(person, "Enter")
        that(
            f"{path}: Enter opens the row",
            address.split("#")[0] in person.page.url or "/edit" in person.path,
            person.page.url,
        )


@test
def a_review_is_decided_by_keys_once_it_was_read(site):
    that = site.report.that
    sales, reviewer = site.person("sales"), site.person("reviewer")
    subject = site.unique("Read to the end")
    draft = sales.write(sales.capture(site.unique("Read to the end")), subject, LONG)
    reviewer.open(draft.replace("drafts", "review"))
    note = reviewer.page.locator("[data-unread]")
    press(reviewer, "a")
    that(
        "a before the end was in view goes to the end and says why",
        note.is_visible() and reviewer.focused == "BODY",
        reviewer.focused,
    )
    reviewer.page.wait_for_function(
        "document.querySelector('[data-end]').getBoundingClientRect().top < innerHeight"
    )
    reviewer.page.wait_for_timeout(200)
    press(reviewer, "r")
    that(
        "r goes to Reject", reviewer.page.evaluate("document.activeElement.textContent") == "Reject"
    )
    press(reviewer, "e")
    that("e goes to the comment", reviewer.focused == "comment", reviewer.focused)
    press(reviewer, "a")
    that(
        "in the comment a is a letter", reviewer.value("Comment") == "a", reviewer.value("Comment")
    )
    press(reviewer, "Backspace", "Shift+Tab", "a")
    that(
        "a goes to Approve and decides nothing yet",
        reviewer.page.evaluate("document.activeElement.textContent") == "Approve and send"
        and not site.mails(subject),
    )
    go(reviewer, "Enter")
    that("Enter approves", "Approved" in reviewer.notice, reviewer.notice)
    site.wait_for_mail(subject)


@test
def the_first_tab_skips_the_navigation(site):
    that = site.report.that
    sales = site.person("sales").open("/leads")
    press(sales, "Tab")
    that(
        "the first stop is the way to the content",
        sales.page.evaluate("document.activeElement.textContent") == "Skip to the content",
    )
    that("it can be seen", sales.page.locator(".skip").bounding_box()["y"] >= 0)
    press(sales, "Enter", "Tab")
    that(
        "the next stop is inside it",
        sales.page.evaluate("!!document.activeElement.closest('main')"),
    )


@test
def every_stop_of_the_lead_form_shows_its_focus(site):
    sales = site.person("sales").open("/leads/new")
    stops, dull = [], []
    for _ in range(60):
        press(sales, "Tab")
        stop = sales.page.evaluate("""() => {
          const e = document.activeElement, style = getComputedStyle(e);
          const box = e.getBoundingClientRect();
          return {name: e.id || e.textContent.trim().slice(0, 30) || e.tagName,
            body: e === document.body,
            ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
            inView: box.top >= 0 && box.bottom <= innerHeight};
        }""")
        if stop["body"]:
            break
        stops.append(stop["name"])
        if not (stop["ring"] and stop["inView"]):
            dull.append(stop)
    site.report.that(
        "the fields come in the order of the page",
        stops.index("title")
        < stops.index("owner")
        < stops.index("email")
        < stops.index("Add the lead"),
        stops,
    )
    site.report.tally("a ring is seen at every stop", len(stops), dull)
