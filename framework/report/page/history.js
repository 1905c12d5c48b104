// The runs of a workload's scenarios, and what changed from each to the next.
"use strict";

const verdictText = (verdict) => verdict.toLowerCase();
const isChange = (judgement) => judgement && (judgement.verdict === "FASTER" || judgement.verdict === "SLOWER");
const changeClass = (verdict) => (verdict === "SLOWER" ? "worse" : "better");
const withHistory = (workload) => workload.scenarios.filter((scenario) => scenario.history.length > 1);

// Every run of a workload, in time: scenarios of one run have one place on the axis.
function runsOf(scenarios) {
  const byDocument = new Map();
  for (const point of scenarios.flatMap((scenario) => scenario.history)) {
    const known = byDocument.get(point.document);
    if (!known || point.timestamp < known.timestamp) byDocument.set(point.document, point);
  }
  return [...byDocument.values()].sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
}

function historyChart(workload, scenarios, runs, name) {
  const styles = seriesStyles(workload.scenarios);
  const place = new Map(runs.map((run, i) => [run.document, i]));
  const series = [];
  const marks = [];
  for (const scenario of scenarios) {
    const style = styles.find((candidate) => candidate.name === scenario.name);
    const points = scenario.history.filter((point) => point.metrics[name]).map((point) => {
      const metric = point.metrics[name];
      return {x: place.get(point.document), y: metric.median, low: metric.ci95?.[0], high: metric.ci95?.[1], judgement: metric.judgement};
    });
    if (points.length === 0) continue;
    series.push({style, points, fit: null, scenario});
    for (const point of points.filter(({judgement}) => isChange(judgement))) {
      const slower = point.judgement.verdict === "SLOWER";
      marks.push({x: point.x, y: point.y, down: !slower, color: `var(--${slower ? "worse" : "better"})`,
                  title: `${scenario.name}: ${verdictText(point.judgement.verdict)}, ${times(point.judgement.ratio)} the time of the run before`});
    }
  }
  if (series.length === 0) return null;
  const all = series.flatMap(({points}) => points);
  const unit = unitFor(d3.max(all, (point) => point.y), timeUnits);
  const describe = (i) => series.map(({style, points}) => {
    const point = points.find((candidate) => candidate.x === i);
    return `${style.name} ${point ? withUnit(point.y, unit) : "not measured"}${isChange(point?.judgement) ? ` (${verdictText(point.judgement.verdict)})` : ""}`;
  }).reduce((text, part) => `${text}; ${part}`, `run ${i + 1}, ${dateText(runs[i].timestamp)}`);
  return lineChart({
    title: `${metricName(name)} over the runs (${unit.name})`,
    summary: `Lines of ${series.length} modes over ${count(runs.length, "run")}; ${count(marks.length, "significant change")}.`,
    label: "Run",
    positions: runs.map((_, i) => i),
    describe,
    key: seriesKey(series.map(({style}) => style)),
    drawing: {
      series, marks, unit, bars: true,
      xDomain: [0, Math.max(1, runs.length - 1)],
      yDomain: [0, d3.max(all, (point) => Math.max(point.y, Math.min(point.high ?? 0, 2 * point.y))) * 1.1],
      xTitle: "runs, oldest first",
      xFormat: (tick) => (Number.isInteger(tick) && runs[tick] ? String(tick + 1) : ""),
    },
  });
}

// A metric of a run with what it was judged: "2.212 s", "1.15× [1.13, 1.17] slower".
function judgedCell(metric) {
  if (!metric) return "–";
  const judgement = metric.judgement;
  if (!isChange(judgement)) return {text: seconds(metric.median), small: judgement ? verdictText(judgement.verdict) : ""};
  return {text: seconds(metric.median), class: changeClass(judgement.verdict),
          small: `${verdictText(judgement.verdict)}: ${times(judgement.ratio)} ${interval(judgement.interval)}`};
}

const runCells = (point, place) => [
  String(place.get(point.document) + 1), {node: el("span", {class: "keep"}, dateText(point.timestamp))}, commitText(point.commit_id)];

function changesTable(workload, scenarios, runs) {
  const place = new Map(runs.map((run, i) => [run.document, i]));
  const changed = (point) => Object.values(point.metrics).some(({judgement}) => isChange(judgement));
  const rows = scenarios.flatMap((scenario) => scenario.history.filter(changed).map((point) => ({
    at: place.get(point.document),
    cells: [...runCells(point, place), scenario.name, ...comparedMetrics.map((name) => judgedCell(point.metrics[name])),
            point.differences.join("; ") || "nothing that is recorded"],
  })));
  if (rows.length === 0) return el("p", {}, "No significant change from any run to the next.");
  return table({
    caption: `Significant changes of ${workload.model}, each run against the one before it`,
    columns: [{title: "Run"}, {title: "When"}, {title: "Commit"}, {title: "Mode"},
              ...comparedMetrics.map((name) => ({title: metricName(name), number: true})), {title: "What else differs", wrap: true}],
    rows: rows.sort((a, b) => b.at - a.at).map(({cells}) => cells),
    tall: rows.length > 20,
  });
}

const mostHistoryRows = 300;
function allRunsTable(workload, scenarios, runs) {
  const place = new Map(runs.map((run, i) => [run.document, i]));
  const rows = scenarios.flatMap((scenario) => scenario.history.map((point) => ({
    at: place.get(point.document),
    cells: [...runCells(point, place), scenario.name, point.status,
            ...comparedMetrics.map((name) => judgedCell(point.metrics[name])), point.document],
  }))).sort((a, b) => b.at - a.at);
  const shown = rows.slice(0, mostHistoryRows).map(({cells}) => cells);
  return table({
    caption: `Runs of ${workload.model}, newest first${rows.length > shown.length ? `: ${shown.length} of ${rows.length}` : ""}`,
    columns: [{title: "Run"}, {title: "When"}, {title: "Commit"}, {title: "Mode"}, {title: "Status"},
              ...comparedMetrics.map((name) => ({title: metricName(name), number: true})), {title: "Document", wrap: true}],
    rows: shown, tall: true,
  });
}

// The newest run against the one before it, of each scenario that changed: [{scenario, verdict, changes: [{metric,
// judgement}]}]. The verdict is that of the latency where that changed.
function newestChanges(workload) {
  return withHistory(workload).map((scenario) => {
    const metrics = scenario.history[scenario.history.length - 1].metrics;
    const changes = Object.entries(metrics).filter(([, {judgement}]) => isChange(judgement))
        .map(([metric, {judgement}]) => ({metric, judgement}));
    return {scenario: scenario.name, verdict: changes[0]?.judgement.verdict, changes};
  }).filter(({changes}) => changes.length > 0);
}

function historySection(workload) {
  const scenarios = withHistory(workload);
  if (scenarios.length === 0) return [];
  const runs = runsOf(scenarios);
  return [
    el("h3", {}, "History"),
    el("p", {class: "quiet"}, `${count(runs.length, "run")} on this machine. A triangle is a significant change from the run before it: ` +
       "up is slower, down is faster. All intervals of a mode's history hold together with a confidence of 95%."),
    el("div", {class: "charts"}, comparedMetrics.map((name) => historyChart(workload, scenarios, runs, name))),
    changesTable(workload, scenarios, runs),
    foldedTable("All runs as a table", () => allRunsTable(workload, scenarios, runs)),
  ];
}
