/* Formulas in a line of text, on a narrow page; and what can be scrolled, with the keyboard. */

/* A full stop after a formula does not begin a line: it becomes a part of the formula. */
function takeStops() {
  for (const formula of document.querySelectorAll("span.math")) {
    const next = formula.nextSibling;
    if (next?.nodeType === Node.TEXT_NODE && /^[.,;:!?)]/.test(next.data)) {
      formula.append(next.data[0]);
      next.data = next.data.slice(1);
    }
  }
}

/* A formula that is wider than the text gets a line of its own, as wide as code may be, which scrolls if need be. */
function markWide() {
  for (const formula of document.querySelectorAll("span.math")) {
    formula.classList.remove("wide");
    formula.style.width = "";
    const text = formula.closest("p, li, td, article");
    if (formula.getBoundingClientRect().width > text.clientWidth) {
      formula.classList.add("wide");
      const { right } = formula.closest("td, details, article").getBoundingClientRect();
      formula.style.width = `${right - formula.getBoundingClientRect().left}px`;
    }
  }
}

/* The keyboard reaches what can be scrolled, and stops at nothing else. */
function markScrolling() {
  for (const box of document.querySelectorAll("article :is(pre, .math, .math-wrapper, .table-wrapper)")) {
    if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto") {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
}

function fit() {
  markWide();
  markScrolling();
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  takeStops();
  fit();
  window.addEventListener("resize", fit);
  document.addEventListener("toggle", fit, true); // a hint was opened
});
