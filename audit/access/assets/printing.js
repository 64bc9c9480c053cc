// Charts are drawn as wide as the screen; on paper they are as wide as the page.
if (!window.countersignPrinting) {
  window.countersignPrinting = true;
  const drawings = () => document.querySelectorAll(".js-plotly-plot .main-svg");
  window.addEventListener("beforeprint", () => {
    for (const one of drawings())
      one.setAttribute("viewBox", `0 0 ${one.width.baseVal.value} ${one.height.baseVal.value}`);
  });
  window.addEventListener("afterprint", () => {
    for (const one of drawings()) one.removeAttribute("viewBox");
  });
}
