// The charts: bars with intervals, and lines with bands. Drawn when they come into view, and anew when their width
// changes; D3 does scales, axes and shapes.
"use strict";

// How a scenario is told apart in every chart: the colour says the mode, the dash which one of that mode, and each has a
// marker of its own.
const dashes = ["", "6 3", "2 3", "9 3 2 3", "12 4"];
const markers = [d3.symbolCircle, d3.symbolSquare, d3.symbolDiamond, d3.symbolCross, d3.symbolStar];  // triangles are changes
function seriesStyles(scenarios) {
  const seen = {};
  return scenarios.map((scenario, i) => {
    const known = ["eager", "compiled", "kernelized"].includes(scenario.variant);
    const color = `var(--${known ? scenario.variant : "other"})`;
    const place = seen[color] ?? 0;
    seen[color] = place + 1;
    return {name: scenario.name, color, dash: dashes[place % dashes.length], marker: markers[i % markers.length]};
  });
}

const symbolPath = (shape, size) => d3.symbol().type(shape).size(size)();

// The names of the lines of a chart.
function seriesKey(styles) {
  return el("ul", {class: "key"}, styles.map((style) => {
    const sample = d3.create("svg:svg").attr("viewBox", "0 0 35 14").attr("aria-hidden", "true");
    sample.append("line").attr("x1", 1).attr("x2", 34).attr("y1", 7).attr("y2", 7).style("stroke", style.color)
        .attr("stroke-width", 2.5).attr("stroke-dasharray", style.dash);
    sample.append("path").attr("d", symbolPath(style.marker, 45)).attr("transform", "translate(17.5,7)")
        .style("fill", style.color);
    return el("li", {}, sample.node(), style.name);
  }));
}

const redraw = new WeakMap();  // plot -> function that draws it at its width
const drawPlot = (plot) => {
  const width = Math.round(plot.clientWidth);
  if (width === 0 || plot.dataset.width === String(width)) return;
  plot.dataset.width = width;
  redraw.get(plot)(width);
  plot.closest("figure").dataset.drawn = "true";
};
const widthObserver = new ResizeObserver((entries) => {
  for (const entry of entries) drawPlot(entry.target);
});
const viewObserver = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    viewObserver.unobserve(entry.target);
    widthObserver.observe(entry.target);
    drawPlot(entry.target);
  }
}, {rootMargin: "400px"});
addEventListener("beforeprint", () => document.querySelectorAll("figure .plot").forEach(drawPlot));

// A figure whose `draw(svg, width)` is called when it is needed. `summary` is what a screen reader says of it.
function chart({title, summary, draw, extra = []}) {
  const plot = el("div", {class: "plot"});
  redraw.set(plot, (width) => {
    plot.replaceChildren();
    const svg = d3.select(plot).append("svg").attr("role", "img").attr("aria-label", `${title}. ${summary}`);
    draw(svg, width);
  });
  const figure = el("figure", {"data-chart": title}, el("figcaption", {}, title), plot, ...extra);
  viewObserver.observe(plot);
  return figure;
}

const textWidth = (text) => text.length * 6.7;  // of 12 pixels, roughly
const fitting = (text, width) => (textWidth(text) <= width ? text : `${text.slice(0, Math.max(4, Math.floor(width / 6.7) - 1))}…`);

function axis(group, generator) {
  return group.append("g").attr("class", "axis").call(generator)
      .attr("font-family", null).attr("font-size", null).attr("fill", "none");
}

// Rows of {label, value, low, high, limit, color, text}: a bar from 0, whiskers for the interval, a thick tick for the
// machine's limit.
function drawBars(svg, width, rows, unit) {
  const rowHeight = 40;
  const barHeight = 14;
  const textRoom = Math.min(0.42 * width, 14 + d3.max(rows, (row) => textWidth(row.text)));
  const plotWidth = width - textRoom;
  const height = rows.length * rowHeight + 26;
  const largest = d3.max(rows, (row) => Math.max(row.value, row.high ?? 0, row.limit ?? 0)) || 1;
  const x = d3.scaleLinear().domain([0, largest * unit.scale]).range([0, plotWidth - 8]).nice(4);
  svg.attr("viewBox", `0 0 ${width} ${height}`);
  const ticks = x.ticks(Math.max(2, Math.min(6, plotWidth / 70)));
  for (const tick of ticks) {
    svg.append("line").attr("class", "grid").attr("x1", x(tick)).attr("x2", x(tick)).attr("y1", 4).attr("y2", height - 26);
  }
  rows.forEach((row, i) => {
    const at = (value) => x(value * unit.scale);
    const top = i * rowHeight + 20;
    const middle = top + barHeight / 2;
    const group = svg.append("g");
    group.append("title").text(`${row.label}: ${row.text}`);
    group.append("text").attr("class", "halo").attr("x", 0).attr("y", top - 5).text(fitting(row.label, width));
    group.append("rect").attr("x", 0).attr("y", top).attr("height", barHeight).attr("rx", 1.5)
        .attr("width", Math.max(1, at(row.value))).style("fill", row.color);
    if (row.low !== null && row.low !== undefined) {
      const whisker = group.append("g").attr("class", "whisker");
      whisker.append("line").attr("x1", at(row.low)).attr("x2", at(row.high)).attr("y1", middle).attr("y2", middle);
      for (const end of [row.low, row.high]) {
        whisker.append("line").attr("x1", at(end)).attr("x2", at(end)).attr("y1", middle - 4).attr("y2", middle + 4);
      }
    }
    if (row.limit) {
      group.append("line").attr("class", "limit").attr("x1", at(row.limit)).attr("x2", at(row.limit))
          .attr("y1", top - 3).attr("y2", top + barHeight + 3);
    }
    group.append("text").attr("x", plotWidth + 4).attr("y", middle + 4).text(row.text);
  });
  axis(svg.append("g").attr("transform", `translate(0,${height - 24})`), d3.axisBottom(x).tickValues(ticks).tickSizeOuter(0));
}

// Lines over a common x axis: series of {style, points: [{x, y, low, high}], fit: [[x, y], [x, y]]}, and marks of
// {x, y, color, shape, title}. Gives a function that moves the cursor to an x.
function drawLines(svg, width, {series, marks, xDomain, yDomain, unit, xTitle, xFormat, bars = false}) {
  const height = Math.max(210, Math.min(300, width * 0.45));
  const margin = {top: 22, right: 10, bottom: 40, left: 48};
  const x = d3.scaleLinear().domain(xDomain).range([margin.left, width - margin.right]);
  const y = d3.scaleLinear().domain(yDomain.map((value) => value * unit.scale)).range([height - margin.bottom, margin.top]).nice(5);
  const atY = (value) => Math.max(margin.top, y(value * unit.scale));
  svg.attr("viewBox", `0 0 ${width} ${height}`);
  for (const tick of y.ticks(5)) {
    svg.append("line").attr("class", "grid").attr("x1", margin.left).attr("x2", width - margin.right).attr("y1", y(tick)).attr("y2", y(tick));
  }
  const xTicks = x.ticks(Math.max(2, Math.min(8, width / 80))).filter((tick) => xFormat(tick) !== "");
  axis(svg.append("g").attr("transform", `translate(0,${height - margin.bottom})`),
       d3.axisBottom(x).tickValues(xTicks).tickFormat(xFormat).tickSizeOuter(0));
  axis(svg.append("g").attr("transform", `translate(${margin.left},0)`), d3.axisLeft(y).ticks(5).tickSizeOuter(0));
  svg.append("text").attr("class", "axis-title").attr("x", margin.left).attr("y", 12).text(unit.name);
  svg.append("text").attr("class", "axis-title").attr("x", width - margin.right).attr("y", height - 6)
      .attr("text-anchor", "end").text(xTitle);
  const line = d3.line().x((p) => x(p.x)).y((p) => atY(p.y));
  const area = d3.area().x((p) => x(p.x)).y0((p) => atY(p.low)).y1((p) => atY(p.high));
  for (const {style, points, fit} of series) {
    const group = svg.append("g");
    const ranged = points.filter((p) => p.low !== null && p.low !== undefined);
    if (bars && points.length <= 40) {
      for (const p of ranged) {
        group.append("line").attr("x1", x(p.x)).attr("x2", x(p.x)).attr("y1", atY(p.low)).attr("y2", atY(p.high))
            .style("stroke", style.color).attr("stroke-width", 1.5).attr("opacity", 0.7);
      }
    } else {
      group.append("path").attr("d", area(ranged)).style("fill", style.color).attr("opacity", 0.18);
    }
    group.append("path").attr("d", line(points)).attr("fill", "none").style("stroke", style.color)
        .attr("stroke-width", 2).attr("stroke-dasharray", style.dash);
    const step = Math.max(1, Math.ceil(points.length / 12));
    points.filter((_, i) => i % step === 0).forEach((p) => {
      group.append("path").attr("d", symbolPath(style.marker, 34)).attr("transform", `translate(${x(p.x)},${atY(p.y)})`)
          .style("fill", style.color);
    });
    if (fit) {
      group.append("path").attr("d", d3.line()(fit.map(([fx, fy]) => [x(fx), atY(fy)]))).attr("fill", "none")
          .attr("class", "fit").style("stroke", "var(--ink)").attr("stroke-width", 1).attr("stroke-dasharray", "1 3");
    }
  }
  for (const mark of marks) {
    svg.append("path").attr("class", "mark").attr("d", symbolPath(d3.symbolTriangle, 70))
        .attr("transform", `translate(${x(mark.x)},${atY(mark.y) + (mark.down ? 11 : -11)})${mark.down ? " rotate(180)" : ""}`)
        .style("fill", mark.color).style("stroke", "var(--paper)").append("title").text(mark.title);
  }
  const cursor = svg.append("line").attr("class", "cursor").attr("y1", margin.top).attr("y2", height - margin.bottom).style("display", "none");
  return {
    moveTo: (value) => cursor.style("display", null).attr("x1", x(value)).attr("x2", x(value)),
    valueAt: (event) => x.invert(d3.clientPoint(svg.node(), event)[0]),
  };
}

// A line chart with a slider below it that reads its values: by pointer, keys, and out loud. `positions` are the x
// values that can be read, `describe(i)` says what is there.
function lineChart({title, summary, label, positions, describe, key, drawing}) {
  const id = newId("slider");
  const slider = el("input", {type: "range", id, min: 0, max: positions.length - 1, value: 0, step: 1});
  const output = el("output", {for: id}, "");
  let drawn = null;
  const read = (i) => {
    const text = describe(i);
    slider.value = i;
    slider.setAttribute("aria-valuetext", text);
    output.textContent = text;
    drawn?.moveTo(positions[i]);
  };
  slider.setAttribute("aria-valuetext", describe(0));
  slider.addEventListener("input", () => read(Number(slider.value)));
  return chart({
    title,
    summary,
    draw: (svg, width) => {
      drawn = drawLines(svg, width, drawing);
      svg.on("pointermove", () => read(nearest(positions, drawn.valueAt(d3.event))));
      if (output.textContent) drawn.moveTo(positions[Number(slider.value)]);
    },
    extra: [key, el("div", {class: "scrubber"}, el("label", {for: id}, label), slider, output)],
  });
}

// The place of the sorted value that is nearest.
function nearest(sorted, value) {
  const right = Math.min(d3.bisectLeft(sorted, value), sorted.length - 1);
  return right > 0 && value - sorted[right - 1] < sorted[right] - value ? right - 1 : right;
}
