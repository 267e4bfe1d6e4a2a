"""Discovery: what to ask a lead next, what it said, what is known; and what admins keep for it."""

import time

from checks import test
from looking import look

WORKER_SECONDS = 20


@test
def questions_are_suggested_answered_and_covered(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("Shed by May")
    sales.capture(title, last_name=title, address=f"{title.split()[-1].lower()}@example.test")
    lead = sales.path.split("?")[0]
    sales.follow("Discovery", within=sales.page.get_by_role("navigation", name="Parts of this record"))
    that("there is no question yet", sales.sees("No question yet"))
    if scripts:
        look(sales, "discovery empty")

    sales.press("Suggest questions")
    # The page to wait on holds nothing to type into and looks again by itself.
    if sales.path.endswith("/questions/search"):
        that("waiting, nothing can be typed", sales.page.locator("textarea, select").count() == 0)
        if scripts:
            look(sales, "discovery search")
    sales.page.wait_for_url("**/discovery?*", timeout=WORKER_SECONDS * 1_000)
    that("the browser comes back by itself", sales.notice == "There are new questions.", sales.notice)
    first = sales.text(".question")
    that("one question comes first", first.endswith("?"), first)
    that("and says why", "is not known yet" in sales.text(".why"), sales.text(".why"))
    if scripts:
        look(sales, "discovery next")

    sales.press("Record the answer")
    that(
        "an empty answer is none",
        sales.status == 422 and sales.error_beside("body") == "Write what the lead said.",
    )
    if scripts:
        look(sales, "question answer invalid")
    sales.type("What the lead said", "Room for six bicycles.\n<b>Dry</b>, above all.")
    sales.press("Record the answer")
    that("the answer is recorded", sales.notice == "The answer is recorded.", sales.notice)
    that("the answer stands as it was said", "<b>Dry</b>, above all." in sales.text("main"))
    that("another question is next", sales.text(".question") != first, sales.text(".question"))
    that("its fact is known", sales.page.locator(".rows .state.fine").count() == 1)

    sales.page.get_by_text("Add a question", exact=True).click()
    sales.press("Add the question")
    that("an empty question is none", sales.error_beside("text") == "Write the question.")
    if scripts:
        look(sales, "discovery add invalid")
    sales.type("Question", "Which colour, and who chooses it?")
    sales.press("Add the question")
    that("a question of one's own is on the list", sales.sees("Which colour, and who chooses it?"))

    sales.press("Up – Which colour, and who chooses it?")
    that("it can be moved", sales.sees("Somebody changed the order by hand."))
    sales.press("Order by need again")
    that("and the order left to need again", not sales.sees("Somebody changed the order by hand."))
    sales.press("Dismiss – Which colour, and who chooses it?")
    that("it can be dismissed", sales.notice == "Dismissed. It can be put back below.")
    sales.page.get_by_text("Dismissed questions", exact=True).click()
    if scripts:
        look(sales, "discovery dismissed")
    sales.press("Put back – Which colour, and who chooses it?")
    that("and put back", sales.notice == "The question is back on the list.")

    sales.follow("Which colour, and who chooses it?")
    sales.page.get_by_text("Edit the question", exact=True).click()
    sales.type("Question", "Which colour?")
    sales.press("Save")
    that("it can be reworded", sales.sees("Which colour?") and sales.notice == "The question is saved.")
    that("on the record of the lead", sales.path.split("?")[0] == f"{lead}/discovery", sales.path)


@test
def a_question_is_looked_at_with_its_answers(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("Twice answered")
    sales.capture(title, last_name=title, address=f"{title.split()[-1].lower()}@example.test")
    sales.open(sales.path.split("?")[0] + "/discovery")
    sales.page.get_by_text("Add a question", exact=True).click()
    sales.type("Question", "How many rooms?")
    sales.press("Add the question")
    for answer in ("Three", "Four, with the attic"):
        sales.follow("How many rooms?")
        sales.type("What the lead said", answer)
        sales.press("Record the answer")
    that("the newest answer counts", sales.sees("Four, with the attic") and not sales.sees("Three"))
    sales.follow("How many rooms?")
    that("the earlier one stays", sales.sees("Three"))
    if scripts:
        look(sales, "question answered")


@test
def what_comes_too_late_for_a_question_is_kept(site, scripts):
    that = site.report.that
    sales, admin = site.person("sales", scripts), site.person("admin", scripts)
    lead = sales.capture(site.unique("Two ask"))
    sales.open(f"{lead}/discovery")
    sales.page.get_by_text("Add a question", exact=True).click()
    sales.type("Question", "How many rooms?")
    sales.press("Add the question")
    sales.follow("How many rooms?")
    question = sales.path
    admin.open(question)
    for person, words in ((admin, "How many bedrooms?"), (sales, "How many floors?")):
        person.page.get_by_text("Edit the question", exact=True).click()
        person.type("Question", words)
        person.press("Save")
    that("another wording is shown, not overwritten", sales.status == 409, sales.status)
    that("beside what was typed", sales.sees("How many bedrooms?") and sales.value("Question") == "How many floors?")
    if scripts:
        look(sales, "question reworded meanwhile")
    sales.press("Save")
    that("saved again, it counts", sales.sees("How many floors?"), sales.notice)

    sales.open(question)
    admin.open(question)
    admin.press("Dismiss – How many floors?")
    sales.type("What the lead said", "Three, with the attic.")
    sales.press("Record the answer")
    that(
        "an answer to a question dismissed meanwhile is kept",
        sales.status == 409 and sales.value("What the lead said") == "Three, with the attic.",
        sales.status,
    )
    if scripts:
        look(sales, "question dismissed meanwhile")
    admin.open(question)
    sales.press("Record the answer")
    that("recorded all the same, the question is back", sales.sees("Three, with the attic."), sales.notice)

    sales.page.get_by_text("Add a question", exact=True).click()
    sales.type("Question", "Which floor first?")
    sales.press("Add the question")
    sales.follow("Which floor first?")
    admin.open(sales.path)
    admin.type("What the lead said", "The attic.")
    admin.press("Record the answer")
    sales.page.get_by_text("Edit the question", exact=True).click()
    sales.type("Question", "Which floor next?")
    sales.press("Save")
    that(
        "a wording for a question answered meanwhile is kept",
        sales.status == 409 and sales.value("Question") == "Which floor next?",
        sales.status,
    )
    if scripts:
        look(sales, "question answered meanwhile")
    sales.press("Add the question")
    that("as another question", sales.notice == "The question is on the list.", sales.notice)


@test
def an_admin_keeps_bank_facts_and_budget(site, scripts):
    that = site.report.that
    admin = site.person("admin", scripts)
    admin.open("/settings/questions")
    if scripts:
        look(admin, "settings questions")
    text = site.unique("Which floor is it on")
    admin.page.get_by_text("Add a question", exact=True).click()
    admin.type("Question", text)
    admin.press("Add the question")
    that("the bank holds it", admin.sees(text))
    admin.page.get_by_text("Add a question", exact=True).click()
    admin.type("Question", text.upper())
    admin.press("Add the question")
    that(
        "once, whatever its case",
        admin.error_beside("text") == "The bank holds this question already.",
    )
    if scripts:
        look(admin, "settings questions invalid")
    admin.open("/settings/questions?q=wich+floor")
    that("it is found with typos", text in admin.text("tbody tr:first-child"), admin.text("tbody"))
    if scripts:
        look(admin, "settings questions found")
    admin.follow(text)
    if scripts:
        look(admin, "settings question")
    admin.press("Retire this question")
    that("a retired question is out of the list", not admin.sees(text))

    admin.follow("Needed facts")
    if scripts:
        look(admin, "settings facts")
    name = site.unique("Access")
    admin.page.get_by_text("Add a fact", exact=True).click()
    admin.type("Name", name)
    admin.press("Add the fact")
    that(
        "a fact needs its question",
        admin.error_beside("question") == "Write the question that asks for it.",
    )
    if scripts:
        look(admin, "settings facts invalid")
    admin.type("The question that asks for it", "How do we get in?")
    admin.press("Add the fact")
    that("then it is in the meter", admin.sees(name))
    admin.follow(name)
    if scripts:
        look(admin, "settings fact")
    admin.press("Retire this fact")

    admin.follow("AI")
    admin.type("Tokens a month", "a lot")
    admin.press("Save")
    that("the budget is a number", "Write a whole number" in admin.error_beside("tokens_per_month"))
    if scripts:
        look(admin, "settings ai invalid")
    admin.type("Tokens a month", "2000000")
    admin.press("Save")
    that("a new budget counts at once", admin.sees("of 2,000,000 used"))
    deadline = time.monotonic() + WORKER_SECONDS
    while not admin.sees("Built-in playbook") and time.monotonic() < deadline:
        time.sleep(0.5)
        admin.open("/settings/ai")
    that("the attempts are listed", admin.sees("Built-in playbook"))
    admin.page.locator("tbody tr:first-child a").first.click()
    that("each with what was asked", admin.sees("What was asked"))
    if scripts:
        look(admin, "settings ai action")
