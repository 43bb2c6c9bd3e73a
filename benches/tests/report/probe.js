// Runs within a copy of the report that a test opens in a frame, and leaves what it finds wrong as a list in
// the attribute data-probe of the document around it, which the test reads.
(() => {
  const wrong = [];
  const say = (what) => wrong.length < 40 && wrong.push(what);
  addEventListener("error", (event) => say(`error: ${event.message}`));
  addEventListener("securitypolicyviolation", (event) => say(`${event.violatedDirective}: ${event.blockedURI}`));

  // Whether a node is in something that scrolls by itself or is folded, and so may be beyond the screen.
  const scrolls = (node) => node.closest(".scroll, pre, details:not([open])");

  const widths = (page) => {
    if (innerWidth !== WIDTH) say(`the window has a width of ${innerWidth} and not ${WIDTH}`);
    if (page.scrollWidth > innerWidth) say(`the page has a width of ${page.scrollWidth} in ${innerWidth}`);
    for (const node of document.body.querySelectorAll("*")) {
      if (scrolls(node)) continue;
      const box = node.getBoundingClientRect();
      if (box.right > innerWidth + 0.5 || box.left < -0.5) {
        say(`<${node.tagName}> reaches from ${box.left} to ${box.right}: ${node.textContent.slice(0, 40)}`);
      }
    }
  };

  // Letters: 14 pixels and more on the screen, whatever a drawing's scale.
  const letters = (node, style) => {
    const matrix = node instanceof SVGElement ? node.getScreenCTM() : null;
    const size = parseFloat(style.fontSize) * (matrix ? matrix.a : 1);
    if (size < 13.99) say(`letters of ${size} pixels: ${node.textContent.slice(0, 40)}`);
  };

  // Contrast as WCAG has it: 4.5 between letters and their ground, 3 between drawings and theirs.
  const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (node, color, least) => {
    const [a, b] = [luminance(color), luminance(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (!(ratio >= least)) say(`contrast ${ratio.toFixed(2)} of ${color} on ${ground(node)}: ${node.outerHTML.slice(0, 80)}`);
  };

  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let found = 0;
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || node.closest("title")) continue;
      found += 1;
      const style = getComputedStyle(node);
      letters(node, style);
      contrast(node, node instanceof SVGElement ? style.fill : style.color, 4.5);
    }
    if (found < 50) say(`only ${found} pieces of text`);
  };

  // Plots: no text on another, none beyond the drawing's edge; every bar and marker can be seen.
  const plots = () => {
    const all = [...document.querySelectorAll("svg.plot")];
    if (all.length !== PLOTS) say(`${all.length} plots, not ${PLOTS}`);
    for (const plot of all) {
      const edge = plot.getBoundingClientRect();
      const boxes = [...plot.querySelectorAll("text")].map((node) => [node, node.getBoundingClientRect()]);
      boxes.forEach(([node, box], n) => {
        if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 2 || box.bottom > edge.bottom + 2) {
          say(`cut off: ${node.textContent} in ${plot.getAttribute("aria-label").slice(0, 60)}`);
        }
        for (const [other, its] of boxes.slice(n + 1)) {
          // Boxes are those of whole lines, of which letters leave some pixels empty above and below.
          const apart = box.right <= its.left || its.right <= box.left || box.bottom - 4 <= its.top + 3 || its.bottom - 4 <= box.top + 3;
          if (!apart) say(`overlap: ${node.textContent} and ${other.textContent}`);
        }
      });
      for (const shape of plot.querySelectorAll(".bar, .mark, .line")) {
        const style = getComputedStyle(shape);
        // A shape that is pale has an outline that is not.
        const seen = style.stroke !== "none" ? style.stroke : style.fill;
        contrast(shape.ownerSVGElement, seen, 3);
      }
    }
  };

  addEventListener("load", () => {
    const page = document.documentElement;
    try {
      widths(page);
      texts();
      plots();
      const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
      if (loaded.length) say(`loads ${loaded}`);
      if (matchMedia("(prefers-color-scheme: dark)").matches !== DARK) say(`dark: not ${DARK}`);
    } catch (error) {
      say(`the probe: ${error}`);
    }
    parent.document.documentElement.dataset.probe = JSON.stringify(wrong);
  });
})();
