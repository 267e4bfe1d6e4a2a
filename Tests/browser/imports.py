"""Leads from a file: upload, columns, dry run, writing, undo; and files as people have them."""

import re
import time

from checks import test
from looking import look

WAIT_SECONDS = 60


def csv(site, lines):
    mark = site.unique("i").replace(" ", "-")
    return mark, "\r\n".join(line.replace("@@", f"{mark}@").replace("##", mark) for line in lines).encode()


def upload(person, name, body):
    person.open("/imports/new")
    person.page.get_by_label("CSV file").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": body}
    )
    person.press("Upload")


def wait_for(person, words):
    """The page loads itself anew; a person only waits."""
    until = time.monotonic() + WAIT_SECONDS
    while person.text("main .state") != words:
        if time.monotonic() > until:
            raise TimeoutError(f"{person.path} never said {words}, but {person.text('main')}")
        time.sleep(0.3)
        person.page.wait_for_load_state()


@test
def a_file_becomes_leads_and_is_taken_back(site, scripts):
    check, that = site.report.check, site.report.that
    mark, body = csv(
        site,
        [
            "Titre;Société;Prénom;Nom;Courriel;Tél.;Montant",
            "Cuisine d’été;Fontaine ##;Claire;Fontaine;claire@@ex.example;;1 200,50 €",
            "Bain;\"Ada; fils ##\";Ada;Lovelace;ada@@ex.example;;",
            "Doublon;;Ada;Encore;ada@@ex.example;;",
            "Sans adresse;;;;nobody at home;;",
            "Trop court",
        ],
    )
    sales = site.person("sales", scripts)
    sales.open("/leads").follow("Imports")
    sales.follow("Import a file")
    upload(sales, f"{mark}.csv", body)
    that("the file stands there under its name", sales.heading == f"{mark}.csv", sales.page.url)
    chosen = [
        sales.page.locator(f"#column-{n}").input_value() for n in range(7)
    ]
    check(
        "the columns are guessed",
        chosen
        == ["title", "company", "first_name", "last_name", "email", "phone", "estimated_value"],
        chosen,
    )
    if scripts:
        look(sales, "import columns")
    sales.page.locator("#source").fill(mark)
    sales.press("See what would happen")
    wait_for(sales, "Waiting for your word")
    facts = re.sub(r"\s+", " ", sales.text("main .facts"))
    check(
        "the dry run counts what would happen",
        facts == "New leads 2 Updates 0 Duplicates 1 Errors 2",
        facts,
    )
    check("it says why", sales.sees("Cannot be read: E-mail.") and sales.sees("says the same person"))
    if scripts:
        look(sales, "import checked")
    status, headers, left = site.fetch(
        f"{sales.path.split('?')[0]}/left.csv", sales.context.cookies()
    )
    check(
        "the rows left out come as a file",
        status == 200 and left.decode("utf-8-sig").count("\r\n") == 4 and b"Trop court" in left,
        left,
    )
    sales.open(f"/leads?source={mark}")
    that("no lead is there before the word is given", sales.page.locator(".leads tbody tr").count() == 0)
    sales.page.go_back()
    sales.press("Import 2 leads")
    wait_for(sales, "Imported")
    place = sales.path.split("?")[0]
    if scripts:
        look(sales, "import done")
    sales.open(f"/leads?source={mark}")
    titles = sorted(sales.page.locator(".leads tbody th a").all_inner_texts())
    that("the leads are in the list", titles == ["Bain", "Cuisine d’été"], titles)
    sales.follow("Bain")
    check("with their people", sales.sees(f"ada{mark}@ex.example"))
    check("and where they come from on the timeline", sales.page.locator("main").inner_text().count(mark) > 0)

    sales.follow("Edit")
    sales.type("Title", "Bain, changé")
    sales.press("Save")
    sales.open(place).press("Take the import back")
    wait_for(sales, "Taken back")
    check("what was edited since is named", sales.sees("Bain, changé"), sales.text("main"))
    if scripts:
        look(sales, "import undone")
    sales.open(f"/leads?source={mark}")
    titles = sales.page.locator(".leads tbody th a").all_inner_texts()
    check("and stays, the other is gone", titles == ["Bain, changé"], titles)


@test
def files_that_are_none_are_refused_with_words(site):
    check = site.report.check
    sales = site.person("sales")
    sales.open("/imports/new").press("Upload")
    check("no file at all", sales.error_beside("file") == "Choose a file.", sales.text("main"))
    for what, body in (
        ("a workbook", b"PK\x03\x04\x14\x00xl/workbook.xml"),
        ("an empty file", b""),
        ("a header alone", b"title,email\r\n"),
        ("a header that is broken", b'"title,email\nA,b@example.com\n'),
    ):
        upload(sales, "odd.csv", body)
        check(f"{what} is refused beside the field", sales.status == 422 and sales.error_beside("file"), sales.status)
    look(sales, "import refused")


@test
def every_encoding_of_a_spreadsheet_is_read(site):
    sales = site.person("sales")
    rows = "Titre;Nom\r\nÉtagère;Müller\r\n"
    for name, body in (
        ("utf-8 with a mark", rows.encode("utf-8-sig")),
        ("utf-16 of Excel", rows.replace(";", "\t").encode("utf-16")),
        ("windows-1252", rows.encode("cp1252")),
        ("Excel's sep line", ("sep=;\r\n" + rows).encode()),
        ("old line ends", rows.replace("\r\n", "\r").encode()),
    ):
        upload(sales, f"{name}.csv", body)
        cells = sales.page.locator("main tbody td:nth-child(2)").all_inner_texts()
        site.report.check(f"{name}", cells == ["Étagère", "Müller"], cells)


@test
def a_file_of_broken_rows_loses_only_those(site):
    check = site.report.check
    mark = site.unique("b").replace(" ", "-")
    body = (
        f"title,email\r\nGood {mark},\r\n=cmd|calc {mark},\r\nNul,a\0b\r\n".encode()
        + "Zoë,\r\nOrl".encode()
        + b"\xe9ans,\r\n"
        + b"x" * 10_000_000
        + b",\r\nshort\r\n\"a\"b,\r\n\"open,\r\n"
    )
    sales = site.person("sales")
    upload(sales, f"{mark}.csv", body)
    sales.press("See what would happen")
    wait_for(sales, "Waiting for your word")
    text = sales.text("main")
    for words in (
        "It holds a NUL byte.",
        "another encoding",
        "longer than any lead",
        "It has another number of fields",
        "Text stands behind a closing quote.",
        "A quote is opened and never closed.",
    ):
        check(f"“{words}”", words in text)
    sales.press("Import 3 leads")
    wait_for(sales, "Imported")
    sales.open(f"/leads?q={mark}")
    check("a formula is kept as text", sales.page.get_by_text(f"=cmd|calc {mark}").count() > 0)


@test
def a_second_window_does_nothing_twice(site):
    mark, body = csv(site, ["title,email", "Once,once@@ex.example"])
    sales = site.person("sales")
    upload(sales, f"{mark}.csv", body)
    sales.page.locator("#source").fill(mark)
    sales.press("See what would happen")
    wait_for(sales, "Waiting for your word")
    place = sales.path
    first = sales.page
    sales.new_tab()
    sales.open(place).press("Import 1 lead")
    second = sales.page
    sales.page = first
    sales.press("Import 1 lead")
    site.report.that(
        "the slower one is shown where it stands, in words",
        sales.status == 200 and sales.sees("The import had moved on meanwhile, so nothing was done."),
        sales.notice,
    )
    sales.page = second
    wait_for(sales, "Imported")
    sales.open(f"/leads?source={mark}")
    site.report.check("one lead is there", sales.page.locator(".leads tbody tr").count() == 1)


@test
def an_update_leaves_alone_what_was_edited_after_its_dry_run(site):
    that = site.report.that
    mark, body = csv(site, ["title,email", "From the file ##,edited@@ex.example", "From the file ##,other@@ex.example"])
    sales = site.person("sales")
    edited, _ = (sales.capture(f"{name} {mark}", address=f"{name}{mark}@ex.example") for name in ("edited", "other"))
    upload(sales, f"{mark}.csv", body)
    sales.page.locator("#mode-update").check()
    sales.press("See what would happen")
    wait_for(sales, "Waiting for your word")
    place = sales.path
    sales.open(f"{edited}/edit").type("Company", "Written by hand")
    sales.press("Save")
    sales.open(place).press("Import 2 leads")
    wait_for(sales, "Imported")
    that(
        "the row is left out, and the page says why",
        sales.sees("Somebody edited this lead after the dry run."),
        sales.text("main"),
    )
    look(sales, "import done beside an edit")
    sales.open(edited)
    that("the lead stands as it was edited", f"edited {mark}" in sales.heading, sales.heading)
