// Filters the charts. The page reads without it.
(function () {
  "use strict";
  var field = document.createElement("input");
  field.type = "search";
  field.id = "filter";
  field.placeholder = "filter the charts by case or subject";
  field.setAttribute("aria-label", field.placeholder);
  document.querySelector("nav").appendChild(field);
  var charts = Array.from(document.querySelectorAll("figure.card[id]"));
  var texts = charts.map(function (chart) { return chart.textContent.toLowerCase(); });
  field.addEventListener("input", function () {
    var wanted = field.value.trim().toLowerCase();
    charts.forEach(function (chart, index) {
      chart.hidden = !texts[index].includes(wanted);
    });
  });
})();
