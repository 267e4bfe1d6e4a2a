"""A tenant and its people, who write, review and approve through the site's own forms: a delivery
exists only the way it does in production, past every constraint and trigger."""
import re
import secrets

from browser import Browser

PASSWORD = "-".join(secrets.token_hex(3) for _ in range(4))


class Office:
    def __init__(self, stack, slug):
        self.stack, self.slug = stack, slug
        stack.closerflow("tenant", "create", slug, "--name", slug.title(), "--contact-name",
                         f"{slug.title()} Desk", "--contact-email", f"desk@{slug}.example")
        for role in ("sales", "reviewer"):
            stack.closerflow("user", "create", f"{role}@{slug}.example", "--tenant", slug, "--name",
                             f"{role.title()} of {slug}", "--role", role, given=PASSWORD)
        self.sales = Browser(stack.url).sign_in(f"sales@{slug}.example", PASSWORD)
        self.reviewer = Browser(stack.url).sign_in(f"reviewer@{slug}.example", PASSWORD)

    def lead(self, email, title="New kitchen"):
        """The ids of a new lead and of its contact, who may be known from another lead."""
        page = self.sales.post("/leads", {"title": title, "first_name": "Claire", "email": email,
                                          "duplicates": "anyway"})
        lead = expect(page, 303).id
        form = self.sales.get(f"/leads/{lead}/drafts/new")
        return lead, re.search(r'name="to"[^>]* value="([0-9a-f-]{36})"', form.text).group(1)

    def submit(self, lead, contact, subject, text="Dear Claire,\n\nwhen may we come?"):
        page = self.sales.post(f"/leads/{lead}/drafts", {
            "type": "followup_email", "subject": subject, "content_md": text, "to": contact,
            "then": "submit"})
        return expect(page, 303).id

    def submit_next_version(self, draft, subject, contact, text="Dear Claire,\n\nwe insist."):
        version = expect(self.sales.post(f"/drafts/{draft}/versions", {}), 303).id
        form = self.sales.get(f"/drafts/{version}/edit")
        expect(self.sales.post(f"/drafts/{version}", {
            "subject": subject, "content_md": text, "to": contact,
            "revision": form.hidden("revision"), "then": "submit"}), 303)
        return version

    def approve(self, draft):
        card = self.reviewer.get(f"/review/{draft}")
        expect(self.reviewer.post(f"/drafts/{draft}/approval", {
            "content_sha256": card.hidden("content_sha256")}), 303)
        return draft

    def approved(self, email, subject="Your kitchen"):
        """A new lead with this address, and an approved mail to it; the draft's id."""
        return self.approve(self.submit(*self.lead(email), subject))


def expect(page, status):
    if page.status != status:
        raise RuntimeError(f"{page.status}, not {status}: {page.text[:2000]}")
    return page
