// What makes the page quicker where JavaScript runs; everything works without it.
"use strict";

(() => {
  document.documentElement.classList.add("js");

  // What only JavaScript can do is shown only where it runs; also in what is put in later.
  const ready = () => {
    if (navigator.clipboard) {
      for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
    }
  };
  ready();
  document.addEventListener("htmx:afterSettle", (event) => {
    ready();
    // What came of a click is read out, and seen, wherever on the page the click was.
    const note = event.detail.elt.id === "main" && document.querySelector("main > .note");
    if (note) note.focus();
  });

  const wordsBeside = (button) => {
    const words = button.closest("details").querySelector(":scope > [data-words]");
    return [...words.querySelectorAll("p")].map((part) => part.innerText.trim()).join("\n\n");
  };

  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(wordsBeside(button));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: select the text instead";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };

  // A click on a sentence of a mail chooses it as the one that decides.
  const choose = (sentence) => {
    if (String(getSelection())) return;  // somebody is selecting text
    const mail = sentence.closest("article");
    const choice = mail.querySelector("select[name=sentence]");
    if (!choice) return;
    const line = sentence.textContent.replace(/\s+/g, " ").trim();
    const option = [...choice.options].find((each) => each.value === line);
    if (!option) return;
    const again = choice.value === line;
    for (const each of mail.querySelectorAll(".chosen")) each.classList.remove("chosen");
    choice.value = again ? "" : line;
    sentence.classList.toggle("chosen", !again);
    choice.closest("details").open = true;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const sentence = event.target.closest("[data-mail] [data-sentence]");
    if (sentence) choose(sentence);
  });

  const rows = () => [...document.querySelectorAll("[data-row], article.mail")];
  const typing = (at) => at.matches("input:not([type=checkbox], [type=radio]), textarea, select") || at.isContentEditable;

  // j and k go through the rows of a list; Enter follows the link that has the focus by itself.
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
    next.querySelector("a, summary").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  // A key of its own for a button, a link or a box: data-key. Nothing is pressed for a mail that is
  // just leaving the screen, so that no key meant for it falls on the next one.
  const press = (event) => {
    const at = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
    const opens = document.querySelector(`[data-toggle="${CSS.escape(event.key)}"]`);
    if (!at && !opens) return false;
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return false;
    event.preventDefault();
    if (event.repeat || document.querySelector(".htmx-request")) return true;
    if (at) at.click(); else opens.open = !opens.open;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (typing(event.target) || press(event)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "u") {
      const up = document.querySelector("[data-up]");
      if (up) up.click();
    }
  });
})();
