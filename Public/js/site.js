// Everything works without this file; it makes the work quicker. No request is made from here.
(() => {
  "use strict";
  const $ = (selector) => document.querySelector(selector);

  // A second click while the first is under way does nothing. The button is disabled after the form's
  // data was gathered, so its own name and value still travel. Coming back by history enables it again
  // (some browsers restore that state; the only button that arrives disabled is a hidden one, which keeps
  // Enter from pressing the first of many).
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => form.querySelectorAll("button").forEach((b) => (b.disabled = true)), 0);
  });
  // Leaving a text half-way asks first; a form that is being sent does not.
  const written = () =>
    [...document.querySelectorAll("form:not([data-sent]) textarea")].some((t) => !t.readOnly && t.value !== t.defaultValue);
  addEventListener("beforeunload", (event) => {
    if (!document.querySelector("form[data-sent]") && written()) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
    document.querySelectorAll("button:not([hidden])").forEach((b) => (b.disabled = false));
  });

  // On the board a card that is dropped on a column presses its own button for that stage.
  let held = null;
  for (const card of document.querySelectorAll("[data-card]:has(button)")) {
    card.draggable = true;
    card.addEventListener("dragstart", (event) => {
      held = card;
      event.dataTransfer.effectAllowed = "move";
    });
    card.addEventListener("dragend", () => (held = null));
  }
  for (const column of document.querySelectorAll("[data-stage]")) {
    const button = () => held?.querySelector(`button[value$="/${column.dataset.stage}"]`);
    column.addEventListener("dragover", (event) => {
      if (!button()) return;
      event.preventDefault();
      column.classList.add("target");
    });
    column.addEventListener("dragleave", () => column.classList.remove("target"));
    column.addEventListener("drop", (event) => {
      event.preventDefault();
      column.classList.remove("target");
      button()?.click();
    });
  }

  // Keys. They can be turned off in the list of shortcuts (WCAG 2.1.4).
  const dialog = $("#shortcuts");
  if (!dialog) return;
  const remembered = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("keys", value);
      return localStorage.getItem("keys") !== "off";
    } catch {
      return true; // storage is closed to us: the keys stay on for this page
    }
  };
  let on = remembered();
  const choice = dialog.querySelector("[data-keys]");
  choice.checked = on;
  choice.addEventListener("change", () => remembered((on = choice.checked) ? "on" : "off"));
  for (const opener of document.querySelectorAll("[data-open=shortcuts]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => dialog.showModal());
  }

  // In a review, the keys decide only once the end of the page was in view.
  const end = $("[data-end]");
  let read = false;
  if (end) {
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      read = true;
      observer.disconnect();
    }, { threshold: 0.5 }).observe(end);
  }
  const decide = (button) => {
    if (!button) return;
    if (read) return button.focus();
    const note = $("[data-unread]");
    if (note) note.hidden = false;
    end.scrollIntoView({ block: "end" });
  };

  const rows = [...document.querySelectorAll("[data-row]")];
  const step = (by) => {
    const at = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]?.focus();
  };
  const search = () => {
    const field = $("input[type=search]");
    if (field) return field.select(), field.focus();
    const leads = $("[data-go=l]");
    if (leads) location.assign(leads.getAttribute("href") + "#q");
  };
  if (location.hash === "#q") $("#q")?.focus();

  const keys = {
    "/": search,
    "?": () => dialog.showModal(),
    j: () => step(1),
    k: () => step(-1),
    a: () => decide($("[data-key=a]")),
    r: () => decide($("[data-key=r]")),
    e: () => $("[data-key-field=e]") && $("#comment")?.focus(),
  };
  let wentG = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (dialog.open || event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const key = event.key;
    if (!on && key !== "?") return;
    if (event.timeStamp - wentG < 1500 && wentG) {
      wentG = 0;
      const link = /^[a-z]$/.test(key) && $(`[data-go=${key}]`);
      if (link) return event.preventDefault(), link.click();
    }
    if (key === "g") return void (wentG = event.timeStamp);
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
})();
