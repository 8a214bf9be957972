// What makes the page quicker where JavaScript runs; everything works without it.
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const typing = (at) => at.matches("input, textarea, select") || at.isContentEditable;

  // j and k go through the rows of a list; Enter follows the link that has the focus by itself.
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (typing(event.target)) return;
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
