// What a page looks like, measured on the page itself. Everything is opened first. The value is what is wrong, in words.
(() => {
  const wrong = [];
  const width = window.innerWidth;
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const say = (what, element) => {
    if (wrong.length < 20) wrong.push(what + ": " + element.textContent.slice(0, 60));
  };

  const charts = document.querySelectorAll("svg.chart");
  if (charts.length === 0) wrong.push("there is no chart");
  for (const chart of charts) {
    const frame = chart.getBoundingClientRect();
    const bars = chart.querySelectorAll("rect.bar");
    const rows = chart.querySelectorAll("g.row");
    if (bars.length !== rows.length || bars.length === 0) say("a chart lacks bars", chart);
    for (const bar of bars) {
      const box = bar.getBoundingClientRect();
      if (box.width < 1 || box.height < 4) say("a bar has no size", bar.parentNode);
      if (getComputedStyle(bar).fill === "none") say("a bar has no colour", bar.parentNode);
      if (box.right > frame.right) say("a bar leaves its chart", bar.parentNode);
    }
    for (const row of rows) {
      // The name, the bar and the numbers stand beside each other.
      const parts = [...row.querySelectorAll("text.name, rect.bar, text.value, text.ratio")];
      const boxes = parts.map((part) => part.getBoundingClientRect()).sort((a, b) => a.left - b.left);
      boxes.slice(1).forEach((box, index) => {
        if (box.left < boxes[index].right - 1) say("parts of a row overlap", row);
      });
    }
  }
  for (const overview of document.querySelectorAll("svg.overview")) {
    if (overview.querySelectorAll("circle.dot").length === 0) say("a glance is empty", overview);
  }

  for (const text of document.querySelectorAll("svg text")) {
    const frame = text.ownerSVGElement.getBoundingClientRect();
    const box = text.getBoundingClientRect();
    if (box.width === 0) say("a text has no width", text);
    if (box.left < frame.left - 1 || box.right > frame.right + 1) say("a text leaves its drawing", text);
    if (box.height < 9) say("a text is too small to read", text);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("script, title, desc, .scroll")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.left < -1 || box.right > width + 1) { say("a text leaves the window", parent); break; }
    }
  }
  for (const table of document.querySelectorAll(".scroll")) {
    const box = table.getBoundingClientRect();
    if (box.right > width + 1) say("a table leaves the window", table);
  }
  const page = document.documentElement.scrollWidth;
  if (page > width) wrong.push("the page is " + page + " wide in a window of " + width);
  return wrong;
})()
