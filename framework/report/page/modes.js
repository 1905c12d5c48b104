// The modes of a workload side by side: times with intervals, and the share of the machine's limit.
"use strict";

const metricOf = (scenario, name) => scenario.metrics[name] ?? null;
const measuredScenarios = (workload) => workload.scenarios.filter((scenario) => scenario.status === "success");
const comparedMetrics = ["latency", "time_to_first_token", "inter_token_latency"];

function metricUnit(scenarios, name) {
  const medians = scenarios.map((scenario) => metricOf(scenario, name)?.median ?? 0);
  const some = scenarios.map((scenario) => metricOf(scenario, name)).find(Boolean);
  return unitOf(some?.unit ?? "", Math.max(...medians));
}

// "9.108 ms [8.9, 9.5]"
const medianText = (metric, unit) => `${withUnit(metric.median, unit)}${metric.ci95 ? ` ${interval(metric.ci95, unit)}` : ""}`;

// Seconds that the machine needs at least for what the metric times.
function limitOf(scenario, name) {
  if (name === "inter_token_latency") return scenario.roofline?.decode?.limit_seconds ?? null;
  const encoder = !scenario.metrics.time_to_first_token;
  if (name === "time_to_first_token" || (name === "latency" && encoder)) return scenario.roofline?.prefill.limit_seconds ?? null;
  return null;
}

function modeChart(workload, name) {
  const scenarios = measuredScenarios(workload).filter((scenario) => metricOf(scenario, name));
  if (scenarios.length === 0) return null;
  const styles = seriesStyles(workload.scenarios);
  const unit = metricUnit(scenarios, name);
  const rows = scenarios.map((scenario) => {
    const metric = metricOf(scenario, name);
    const style = styles.find((candidate) => candidate.name === scenario.name);
    return {
      label: scenario.name, value: metric.median, low: metric.ci95?.[0], high: metric.ci95?.[1],
      limit: limitOf(scenario, name), color: style.color, text: withUnit(metric.median, unit),
    };
  });
  const summary = `Bars of ${scenarios.length}: ${rows.map((row) => `${row.label} ${row.text}`).join(", ")}.`;
  return chart({title: `${metricName(name)} (${unit.name})`, summary, draw: (svg, width) => drawBars(svg, width, rows, unit)});
}

const speedupText = (comparison) => (
  comparison?.speedup ? `${times(comparison.speedup)} ${interval(comparison.speedup_ci95)}` : "–");

// After how many tokens a compiled mode has saved what its preparation took.
function breakEvenText(breakEven) {
  if (!breakEven) return "";
  return breakEven.tokens === null ? ", never saves its preparation" : `, has saved its preparation after ${count(breakEven.tokens, "token")}`;
}

function modeRow(workload, scenario, units) {
  if (scenario.status !== "success") {
    return [scenario.name, {class: "worse", text: scenario.status}, {text: "", small: scenario.error ?? ""}];
  }
  const metricCell = (name) => {
    const metric = metricOf(scenario, name);
    return metric ? {text: withUnit(metric.median, units[name]), small: interval(metric.ci95, units[name])} : "–";
  };
  const limits = [scenario.roofline?.prefill?.percent_of_limit, scenario.roofline?.decode?.percent_of_limit];
  const comparison = workload.comparisons.find((candidate) => candidate.scenario === scenario.name);
  const tainted = scenario.interference?.tainted ?? 0;
  return [
    scenario.name,
    scenario.status,
    ...comparedMetrics.map(metricCell),
    {...metricCell("tokens_per_second"), text: number(metricOf(scenario, "tokens_per_second")?.median)},
    limits.map(percent).join(" / "),
    {text: speedupText(comparison), small: comparison ? `${verdictText(comparison.verdict)}${breakEvenText(comparison.break_even)}` : ""},
    scenario.verification?.status?.replace("_", " ") ?? "–",
    `${tainted}/${scenario.iterations}`,
  ];
}

function modesSection(workload) {
  const measured = measuredScenarios(workload);
  const units = Object.fromEntries([...comparedMetrics, "tokens_per_second"].map((name) => [name, metricUnit(measured, name)]));
  const columns = [
    {title: "Mode"}, {title: "Status"}, ...comparedMetrics.map((name) => ({title: metricName(name), number: true})),
    {title: "Tokens/s", number: true}, {title: "Of limit: first / per token", number: true},
    {title: "Speed-up over eager", number: true}, {title: "Output check"}, {title: "Tainted", number: true}];
  const failed = workload.scenarios.some((scenario) => scenario.status !== "success");
  if (failed) columns[2] = {...columns[2], wrap: true};
  const anyLimit = measured.some((scenario) => scenario.roofline?.prefill?.limit_seconds);
  return [
    el("h3", {}, "Modes side by side"),
    el("p", {class: "quiet"}, "Medians; whiskers and brackets are 95% intervals of the median.",
       anyLimit ? " The thick tick is the least time that this machine's measured limits allow." : ""),
    el("div", {class: "charts"}, comparedMetrics.map((name) => modeChart(workload, name))),
    table({caption: `Modes of ${workload.model}`, columns, rows: workload.scenarios.map((scenario) => modeRow(workload, scenario, units))}),
  ];
}

// What is told of each scenario besides its times.
function detailsSection(workload) {
  return [
    el("h3", {class: "screen"}, "What ran"),
    workload.scenarios.map((scenario) => foldedTable(scenario.name, () => {
      const rows = [["measured", dateText(scenario.timestamp)], ["document", scenario.document], ["commit", plainValue(scenario.commit_id)]];
      for (const part of ["phases", "config", "procedure", "effective", "verification", "interference", "model", "monitors"]) {
        for (const [name, value] of flatFields(scenario[part], part)) rows.push([name, value]);
      }
      return table({caption: `What ran as ${scenario.name}`, columns: [{title: "Field"}, {title: "Value", wrap: true}], rows, tall: true});
    })),
  ];
}

// Nested objects as ["part.name", "value"] pairs.
function flatFields(value, name) {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object" || Array.isArray(value)) return [[name, plainValue(value)]];
  return Object.entries(value).flatMap(([key, member]) => flatFields(member, `${name}.${key}`));
}
