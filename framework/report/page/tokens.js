// Time per token over the context, with the fitted line and the stalls.
"use strict";

const withTokens = (workload) => measuredScenarios(workload).filter((scenario) => scenario.tokens);
const fitAt = (tokens, context) => tokens.fit_intercept_seconds + tokens.fit_slope_seconds_per_token * context;
const hasFit = (tokens) => tokens.fit_slope_seconds_per_token !== null && tokens.fit_intercept_seconds !== null;

function tokensChart(workload) {
  const scenarios = withTokens(workload);
  const styles = seriesStyles(workload.scenarios);
  const styleOf = (scenario) => styles.find((style) => style.name === scenario.name);
  const positions = scenarios.reduce((longest, scenario) => (scenario.tokens.context.length > longest.length ? scenario.tokens.context : longest), []);
  const largest = d3.max(scenarios, (scenario) => d3.max(scenario.tokens.high));
  const unit = unitFor(d3.max(scenarios, (scenario) => d3.max(scenario.tokens.median)), timeUnits);
  const xDomain = [positions[0], positions[positions.length - 1]];
  if (xDomain[0] === xDomain[1]) xDomain[1] += 1;
  const series = scenarios.map((scenario) => {
    const tokens = scenario.tokens;
    return {
      style: styleOf(scenario),
      points: tokens.context.map((x, i) => ({x, y: tokens.median[i], low: tokens.low[i], high: tokens.high[i]})),
      fit: hasFit(tokens) ? xDomain.map((context) => [context, fitAt(tokens, context)]) : null,
    };
  });
  const marks = scenarios.flatMap((scenario) => scenario.tokens.stalls.map((stall) => ({
    x: stall.context, y: stall.seconds, color: styleOf(scenario).color,
    title: `${scenario.name}: ${seconds(stall.seconds)} at a context of ${stall.context}`,
  })));
  const describe = (i) => scenarios.map((scenario) => {
    const at = nearest(scenario.tokens.context, positions[i]);
    return `${scenario.name} ${withUnit(scenario.tokens.median[at], unit)}`;
  }).reduce((text, part) => `${text}; ${part}`, `context ${number(positions[i])}`);
  return lineChart({
    title: `Time per token over the context (${unit.name})`,
    summary: `Lines of ${scenarios.length} modes from a context of ${xDomain[0]} to ${xDomain[1]} tokens.`,
    label: "Context",
    positions,
    describe,
    key: seriesKey(scenarios.map(styleOf)),
    drawing: {series, marks, xDomain, yDomain: [0, largest * 1.1], unit, xTitle: "tokens of context", xFormat: (tick) => String(tick)},
  });
}

function tokensTable(workload) {
  const scenarios = withTokens(workload);
  const unit = unitFor(d3.max(scenarios, (scenario) => d3.max(scenario.tokens.median)), timeUnits);
  const contexts = [...new Set(scenarios.flatMap((scenario) => scenario.tokens.context))].sort((a, b) => a - b);
  const columns = [{title: "Context"}, ...scenarios.map((scenario) => ({title: `${scenario.name} (${unit.name})`, number: true}))];
  const rows = contexts.map((context) => [String(context), ...scenarios.map((scenario) => {
    const at = scenario.tokens.context.indexOf(context);
    if (at < 0) return "–";
    return {text: inUnit(scenario.tokens.median[at], unit), small: interval([scenario.tokens.low[at], scenario.tokens.high[at]], unit)};
  })]);
  return table({caption: `Median time per token of ${workload.model}, with the 10th and 90th percentile`, columns, rows, tall: true});
}

function fitRow(scenario) {
  const tokens = scenario.tokens;
  const slope = tokens.fit_slope_seconds_per_token;
  const ofThousand = (secondsPerToken) => secondsPerToken * 1000;
  const unit = unitFor(Math.abs(ofThousand(slope ?? 0)), timeUnits);  // for the interval too
  return [
    scenario.name,
    seconds(tokens.percentiles.p50),
    seconds(tokens.percentiles.p99),
    hasFit(tokens) ? {text: withUnit(ofThousand(slope), unit), small: interval(tokens.fit_slope_ci95?.map(ofThousand), unit)} : "–",
    String(tokens.stall_count),
    seconds(tokens.stall_seconds),
  ];
}

function tokensSection(workload) {
  const scenarios = withTokens(workload);
  if (scenarios.length === 0) return [];
  const columns = [{title: "Mode"}, {title: "Median token", number: true}, {title: "p99", number: true},
                   {title: "Per 1000 tokens of context", number: true}, {title: "Stalls", number: true}, {title: "Time lost to them", number: true}];
  return [
    el("h3", {}, "Time per token over the context"),
    el("p", {class: "quiet"}, "Medians of neighbouring contexts over all iterations that count, the band from the 10th to the 90th percentile; " +
       "dotted: the fitted line; triangles: the longest stalls, at the upper edge where they are beyond it."),
    el("div", {class: "charts wide"}, tokensChart(workload)),
    table({caption: `Fit and stalls of ${workload.model}`, columns, rows: scenarios.map(fitRow)}),
    foldedTable("The chart as a table", () => tokensTable(workload)),
  ];
}
