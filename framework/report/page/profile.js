// Where the time goes: the operations of a scenario that was traced after it was measured.
"use strict";

const mostOperations = 12;  // in a chart; the table has all

function profilePhase(scenario, phase) {
  const color = seriesStyles([scenario])[0].color;
  const operations = scenario.profile.operations.filter((operation) => operation.phase === phase.phase);
  const rest = {name: "(other operations)", seconds: d3.sum(operations.slice(mostOperations), (operation) => operation.seconds)};
  const between = {name: "(between operations)", seconds: Math.max(0, phase.seconds - phase.operations_seconds)};
  const shown = [...operations.slice(0, mostOperations), ...[rest, between].filter((part) => part.seconds > 0)];
  const unit = unitFor(d3.max(shown, (part) => part.seconds) ?? 0, timeUnits);
  const share = (part) => percent(100 * part.seconds / phase.seconds);
  const name = `${scenario.name}: ${phase.phase}`;
  const rows = shown.map((part) => ({label: part.name, value: part.seconds, color, text: `${inUnit(part.seconds, unit, 3)} (${share(part)})`}));
  const summary = `Bars of ${rows.length}: ${rows.slice(0, 5).map((row) => `${row.label} ${row.text}`).join(", ")}.`;
  const overhead = phase.overhead_percent === null || phase.overhead_percent === undefined ? ""
                                                                                          : `, of which tracing is ${percent(phase.overhead_percent)}`;
  return el("div", {},
            chart({title: `${name} (${unit.name})`, summary, draw: (svg, width) => drawBars(svg, width, rows, unit)}),
            el("p", {class: "quiet"}, `${seconds(phase.seconds)} a step${overhead}; ${count(phase.steps, "step")}.`),
            foldedTable("The chart as a table", () => table({
              caption: `Operations of ${name}, a step on average`,
              columns: [{title: "Operation"}, {title: "Kind"}, {title: "Calls in all", number: true}, {title: "Time", number: true},
                        {title: "Share", number: true}, {title: "Bytes", number: true}, {title: "GB/s", number: true}],
              rows: operations.map((operation) => [
                operation.name, operation.kind, String(operation.count), seconds(operation.seconds), share(operation),
                bytes(operation.bytes), number(operation.gigabytes_per_second, 3)]),
              tall: operations.length > 20,
            })));
}

function profileSection(workload) {
  const profiled = workload.scenarios.filter((scenario) => (scenario.profile?.operations ?? []).length > 0);
  if (profiled.length === 0) return [];
  return [
    el("h3", {}, "Where the time goes"),
    el("p", {class: "quiet"}, "Each operation's own time, a step on average, of an iteration that was traced after measuring. Traces: ",
       profiled.map((scenario) => scenario.profile.file).filter(Boolean).join(", "), "."),
    el("div", {class: "charts"}, profiled.flatMap((scenario) => scenario.profile.phases.map((phase) => profilePhase(scenario, phase)))),
  ];
}
