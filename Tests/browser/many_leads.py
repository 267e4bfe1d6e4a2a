"""Lists of leads: found, sorted, changed together, saved, exported; and two that are one."""

import csv

from checks import test
from looking import look


@test
def the_list_is_sorted_searched_and_saved(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("Orangerie").replace(" ", "")
    for name in ("Zoo", "Alpha"):
        sales.capture(f"{name} {word}")
    sales.open(f"/leads?q={word}")
    sales.follow("Lead", within=sales.page.locator("thead"))
    titles = sales.page.locator("tbody th a").all_inner_texts()
    that("a click on the heading sorts by title", titles == [f"Alpha {word}", f"Zoo {word}"], titles)
    that("and says so", sales.page.locator("th[aria-sort=ascending]").count() == 1)
    sales.follow("100")
    that("the page's size keeps search and order", f"q={word}&sort=title&size=100" in sales.page.url, sales.page.url)
    sales.open(f"/leads?q={word[:-2]}xx{word[-2:]}")
    that("a slip finds the most similar", sales.sees("The most similar ones are shown."))
    if scripts:
        look(sales, "leads list similar")
    sales.open(f"/leads?q={word}&sort=title")
    sales.follow("Save as a segment")
    sales.press("Save")
    that("a segment wants a name", sales.status == 422 and sales.error_beside("name") != "")
    if scripts:
        look(sales, "segments edit invalid")
    sales.type("Name", f"All of {word}")
    sales.press("Save")
    that("it stands with its count", f"All of {word}" in sales.text("tbody") and "2" in sales.text("tbody"))
    if scripts:
        look(sales, "segments list")
    sales.follow(f"All of {word}")
    titles = sales.page.locator("tbody th a").all_inner_texts()
    that("and leads to its list", titles == [f"Alpha {word}", f"Zoo {word}"], titles)
    that("which says its name", sales.sees(f"Segment “All of {word}”") and not sales.sees("changed since"))
    alone = sales.path
    that("with nothing but its id in the address", alone.startswith("/leads?segment="), alone)
    sales.follow("New", within=sales.page.get_by_role("navigation", name="Stage"))
    that("narrowed, it says so", sales.sees("changed since it was saved"))
    if scripts:
        look(sales, "leads list segment changed")
    sales.press("Save these filters to it")
    that("its owner saves that to it", sales.notice != "" and not sales.sees("changed since"), sales.notice)
    sales.capture(f"Third {word}")
    sales.open("/segments")
    sales.press(f"Count again All of {word}")
    row = sales.page.locator("tbody tr").filter(has_text=f"All of {word}")
    that("it is counted again when asked", "3" in row.locator("td.number").inner_text(), row.inner_text())


@test
def a_list_is_narrowed_by_what_is_rare(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("Rare").replace(" ", "")
    lead = sales.capture(f"Won {word}")
    sales.capture(f"Open {word}")
    sales.page.get_by_text("Mark as a test", exact=True).first.click()
    sales.press("Mark as a test")
    that("a test stays in the lists", sales.sees("This lead is in the lists, and in no total."))
    sales.open(lead)
    sales.page.get_by_text("Close or put on hold", exact=True).click()
    sales.page.get_by_label("Outcome").select_option("won")
    sales.type("Client, where it is won", f"Maison {word}")
    sales.press("Save", within=sales.page.locator("form[action$='/outcome']"))
    sales.follow(f"Maison {word}")
    titles = sales.page.locator("tbody th a").all_inner_texts()
    that("a client leads to its leads", titles == [f"Won {word}"], titles)
    if scripts:
        look(sales, "leads list of a client")
    sales.open(f"/leads?q={word}")
    sales.follow("More filters")
    sales.page.get_by_text("Dates, client, permissions").click()
    that("the form suggests the clients", sales.page.locator(f"#known-clients option[value='Maison {word}']").count() == 1)
    if scripts:
        look(sales, "leads list filters open")
    sales.page.get_by_label("Test", exact=True).select_option("yes")
    sales.press("Apply")
    titles = sales.page.locator("tbody th a").all_inner_texts()
    that("only the test is left", titles == [f"Open {word}"], titles)
    that("with its badge, and a chip that takes the filter off",
         "Test" in sales.text("tbody") and sales.sees("Tests only"))
    with sales.page.expect_navigation():
        sales.page.locator(".chips a").filter(has_text="Tests only").click()
    that("off again, the open one is there", sales.page.locator("tbody tr").count() == 1)
    with sales.page.expect_navigation():
        sales.page.locator(".chips a").filter(has_text="Open").click()
    that("with won and lost ones, both are", sales.page.locator("tbody tr").count() == 2)


@test
def a_second_person_finds_their_lead(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("Second").replace(" ", "")
    lead = sales.capture(f"House of {word}")
    sales.page.get_by_text("Add a person", exact=True).click()
    form = sales.page.locator("form[action$='/contacts']")
    form.get_by_label("Last name").fill(word)
    form.get_by_label("E-mail").fill(f"{word.lower()}@second.example.test")
    sales.press("Add this person", within=form)
    sales.open(f"/leads?q={word.lower()}@second.example.test")
    titles = sales.page.locator("tbody th a").all_inner_texts()
    that("their address finds the lead", titles == [f"House of {word}"], titles)
    first = sales.open(lead).page.locator(".contacts a").first.get_attribute("href")
    sales.open(f"{first}/merge?q={word}")
    that("and them, to be merged", sales.page.locator(".plain-list").get_by_role("link", name=word).count() == 1)


@test
def a_list_is_a_file_that_runs_nothing(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("File").replace(" ", "")
    sales.capture(f"=HYPERLINK(\"//x\") {word}")
    sales.capture(f"Éclair; {word}")
    sales.open(f"/leads?q={word}&sort=title")
    with sales.page.expect_download() as download:
        sales.page.get_by_role("link", name="Export as CSV").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    titles = [row["title"] for row in rows]
    that("it holds the list, and a formula as text",
         titles == [f"'=HYPERLINK(\"//x\") {word}", f"Éclair; {word}"], titles)
    that("with its people", all(row["last_name"] for row in rows), rows)


@test
def many_leads_change_together_and_change_back(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("Batch").replace(" ", "")
    for number in (1, 2, 3):
        sales.capture(f"{word} {number}")
    sales.open(f"/leads?q={word}")
    sales.press("Change the chosen")
    that("nothing ticked is told", sales.sees("No lead is chosen"))
    if scripts:
        look(sales, "operations bulk none")
    sales.open(f"/leads?q={word}")
    for number in (1, 3):
        sales.page.get_by_role("checkbox", name=f"{word} {number}").check()
    sales.press("Change the chosen")
    that("the page says how many", sales.heading == "Change 2 leads", sales.heading)
    sales.press("Tag 2 leads")
    that("it asks for a tag", sales.status == 422 and sales.error_beside("add_tags") != "")
    if scripts:
        look(sales, "operations bulk invalid")
    # From a page that was asked for, so that the browser can go back to it.
    sales.open(f"/leads?q={word}")
    for number in (1, 3):
        sales.page.get_by_role("checkbox", name=f"{word} {number}").check()
    sales.press("Change the chosen")
    sales.type("Add", "wave_one")
    sales.press("Tag 2 leads")
    that("it says what was done", sales.heading == "2 leads tagged", sales.heading)
    if scripts:
        look(sales, "operations show")
    done = sales.path
    sales.page.go_back()
    sales.type("Add", "wave_one")
    sales.press("Tag 2 leads")
    that(
        "back and once more changes nothing more, and says so",
        sales.status == 422 and "Nothing would change" in sales.error_beside("add_tags"),
        sales.heading,
    )
    sales.open(done)
    sales.press("Take all of it back")
    that("and takes it back", sales.sees("Taken back by"))
    if scripts:
        look(sales, "operations show undone")
    sales.open(f"/leads?q={word}&tag=wave_one")
    that("nobody has the tag any more", sales.sees("No lead matches"))
    sales.open(f"/leads?q={word}")
    sales.press("Change all of this list")
    sales.press("Archive 3 leads")
    that("all of a list are archived", sales.heading == "3 leads archived", sales.heading)


@test
def what_was_done_to_many_is_found_again(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    word = site.unique("Found").replace(" ", "")
    leads = [sales.capture(f"{word} {number}") for number in (1, 2)]
    sales.open(f"/leads?q={word}")
    sales.press("Change all of this list")
    sales.type("Add", "wave_two")
    sales.press("Tag 2 leads")
    done = sales.path
    sales.open("/leads")
    sales.follow("Recent changes")
    row = sales.page.locator("tbody tr").first
    that("the list of changes begins with it", "2 leads tagged" in row.inner_text() and "Stands" in row.inner_text())
    if scripts:
        look(sales, "operations list")
    sales.open(leads[1])
    sales.follow("What changed", within=sales.page.locator(".timeline"))
    that("a lead's timeline leads to it as well", sales.path == done, sales.path)
    sales.press("Take all of it back")
    sales.open("/leads/board")
    sales.follow("Recent changes")
    that("from where it was taken back", "Taken back by Inès Laurent" in row.inner_text(), row.inner_text())
    sales.open(f"{leads[0]}/history")
    that(
        "which the history tells in words",
        sales.text(".fields-history li").startswith("Tags: wave_two → empty") or "wave_two" in sales.text(".fields-history li"),
        sales.text(".fields-history li"),
    )


@test
def a_lead_we_may_have_is_shown_first(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    title = site.unique("Known")
    address = f"{title.replace(' ', '-').lower()}@known.example.test"
    first = sales.capture(title, address=address)
    sales.open("/leads/new")
    sales.type("Title", title + " again")
    sales.type("Last name", "Aubry")
    sales.type("E-mail", address)
    sales.press("Add the lead")
    that("it is shown, and nothing is saved", sales.status == 409 and sales.sees("You may have this lead already"))
    that("what was typed is kept", sales.value("Title") == title + " again")
    if scripts:
        look(sales, "leads new duplicates")
    sales.press("Add a new lead for Claire Aubry")
    that("a new lead for the same person", sales.heading.startswith(title + " again"), sales.heading)

    kept = sales.path.partition("?")[0]
    friend = site.unique("Friend")
    sales.capture(friend, address=f"{friend.split()[-1]}@friend.example.test".lower())
    sales.open(f"{first}/relationships?find={friend.replace(' ', '+')}")
    sales.page.get_by_role("radio", name=friend).check()
    sales.press("Add the relationship")
    sales.open(kept)
    sales.follow("Merge with another lead")
    if scripts:
        look(sales, "operations merge search")
    sales.follow(title, within=sales.page.locator(".plain-list"))
    if scripts:
        look(sales, "operations merge")
    sales.press("Merge the two")
    that("the two are one", sales.heading == "Two leads merged", sales.heading)
    if scripts:
        look(sales, "operations show merged")
    merged = sales.path
    sales.open(kept)
    that("with whom the other was related to", sales.sees(f"was referred by {friend}"))
    sales.open(merged)
    sales.press("Take all of it back")
    that("until it is taken back", sales.sees("Taken back by"))
    that("and the relationship is the other's again", not sales.open(kept).sees("was referred by"))


@test
def a_person_has_a_page(site, scripts):
    that = site.report.that
    sales = site.person("sales", scripts)
    name = site.unique("Vauban").replace(" ", "")
    sales.capture(site.unique("Garden"), last_name=name)
    other = site.unique("Double").replace(" ", "")
    sales.capture(site.unique("Terrace"), last_name=other)
    sales.follow(f"Claire {other}")
    sales.type("E-mail", "not an address")
    sales.press("Save")
    that("a wrong address is told beside it", sales.status == 422 and sales.error_beside("email") != "")
    if scripts:
        look(sales, "contacts show invalid")
    sales.open(sales.path)
    sales.follow("Merge with another contact")
    sales.type("Search the people by name, e-mail or phone", name)
    sales.press("Search", within=sales.page.locator("main"))
    if scripts:
        look(sales, "contacts merge search")
    sales.follow(f"Claire {name}", within=sales.page.locator(".plain-list"))
    if scripts:
        look(sales, "contacts merge")
    sales.press("Merge the two")
    that("two contacts are one person", sales.heading == "Two people merged", sales.heading)


@test
def an_admin_settles_who_gets_new_leads(site, scripts):
    that = site.report.that
    admin = site.person("admin", scripts)
    admin.open("/settings/assignment")
    admin.page.get_by_label("New leads are given").select_option("round_robin")
    for box in admin.page.get_by_role("checkbox").all():
        box.uncheck()
    admin.press("Save")
    that("turns want somebody", admin.status == 422 and admin.sees("Choose at least one person."))
    if scripts:
        look(admin, "settings assignment invalid")
    admin.page.get_by_label("New leads are given").select_option("manual")
    admin.press("Save")
    that("it is saved", admin.notice != "", admin.notice)
