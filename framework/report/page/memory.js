// Memory, energy, processor counters and GPUs: what the documents have of them.
"use strict";

const peakOf = (scenario) => {
  const peaks = scenario.phases?.peak_host_memory ?? {};
  const values = [peaks.load, peaks.prepare, peaks.generate].filter((value) => value !== null && value !== undefined);
  return values.length > 0 ? Math.max(...values) : null;
};
const analyticOf = (scenario) => {
  const analytic = scenario.phases?.peak_host_memory?.analytic;
  return analytic ? analytic.weights + (analytic.kv_cache ?? 0) : scenario.model?.weight_bytes || null;
};

function memoryChart(workload, scenarios) {
  const styles = seriesStyles(workload.scenarios);
  const unit = unitFor(d3.max(scenarios, peakOf), byteUnits);
  const rows = scenarios.map((scenario) => ({
    label: scenario.name, value: peakOf(scenario), limit: analyticOf(scenario),
    color: styles.find((style) => style.name === scenario.name).color, text: withUnit(peakOf(scenario), unit, 3),
  }));
  return chart({
    title: `Peak resident memory (${unit.name})`,
    summary: `Bars of ${rows.length}: ${rows.map((row) => `${row.label} ${row.text}`).join(", ")}.`,
    draw: (svg, width) => drawBars(svg, width, rows, unit),
  });
}

function memoryTable(workload, scenarios) {
  const fields = [
    ["Load", (peaks) => peaks.load], ["Prepare", (peaks) => peaks.prepare], ["Generate", (peaks) => peaks.generate],
    ["Anonymous", (peaks) => peaks.anonymous?.generate], ["File-backed", (peaks) => peaks.file_backed?.generate],
    ["Weights", (peaks, scenario) => peaks.analytic?.weights ?? scenario.model?.weight_bytes], ["KV cache", (peaks) => peaks.analytic?.kv_cache]];
  const value = (scenario, get) => get(scenario.phases.peak_host_memory, scenario);
  const present = fields.filter(([, get]) => scenarios.some((scenario) => value(scenario, get) !== null && value(scenario, get) !== undefined));
  return table({
    caption: `Memory of ${workload.model}`,
    columns: [{title: "Mode"}, ...present.map(([title]) => ({title, number: true}))],
    rows: scenarios.map((scenario) => [scenario.name, ...present.map(([, get]) => bytes(value(scenario, get)))]),
  });
}

function energyParts(workload) {
  const scenarios = measuredScenarios(workload).filter((scenario) => scenario.energy?.domains?.length > 0);
  if (scenarios.length === 0) return [];
  const styles = seriesStyles(workload.scenarios);
  const unit = plainUnit("J");
  const resolved = scenarios.filter((scenario) => metricOf(scenario, "joules_per_new_token"));
  const rows = resolved.map((scenario) => {
    const metric = metricOf(scenario, "joules_per_new_token");
    return {
      label: scenario.name, value: metric.median, low: metric.ci95?.[0], high: metric.ci95?.[1],
      color: styles.find((style) => style.name === scenario.name).color, text: withUnit(metric.median, unit, 3),
    };
  });
  const joules = (value) => (value === null || value === undefined ? "not resolved" : number(value, 3));
  return [
    rows.length > 0 ? el("div", {class: "charts"}, chart({
      title: "Energy per new token (J)",
      summary: `Bars of ${rows.length}: ${rows.map((row) => `${row.label} ${row.text}`).join(", ")}.`,
      draw: (svg, width) => drawBars(svg, width, rows, unit),
    })) : null,
    table({
      caption: `Energy of ${workload.model}`,
      columns: [{title: "Mode"}, {title: "Counter"}, {title: "Watts", number: true}, {title: "Idle watts", number: true},
                {title: "J per prompt token", number: true}, {title: "J per new token", number: true}, {title: "Resolution, J", number: true}],
      rows: scenarios.flatMap((scenario) => scenario.energy.domains.map((domain) => [
        scenario.name, domain.domain, number(domain.watts, 3), number(domain.idle_watts, 3), joules(domain.joules_per_prompt_token),
        joules(domain.joules_per_new_token), number(domain.resolution_joules, 3)])),
    }),
  ];
}

function counterParts(workload) {
  const scenarios = measuredScenarios(workload).filter((scenario) => Object.keys(scenario.hardware_counters?.events ?? {}).length > 0);
  if (scenarios.length === 0) return [];
  const names = [...new Set(scenarios.flatMap((scenario) => Object.keys(scenario.hardware_counters.events)))];
  return [table({
    caption: `Processor counters of ${workload.model}, medians of iterations`,
    columns: [{title: "Mode"}, {title: "Instructions per cycle", number: true}, {title: "Cache misses per 1000", number: true},
              ...names.map((name) => ({title: name.replaceAll("_", " "), number: true}))],
    rows: scenarios.map(({name, hardware_counters: counters}) => [
      name, number(counters.instructions_per_cycle, 3), number(counters.cache_misses_per_kiloinstruction, 3),
      ...names.map((event) => large(counters.events[event]))]),
  })];
}

function gpuParts(workload) {
  const rows = measuredScenarios(workload).flatMap((scenario) => (scenario.gpu_metrics?.devices ?? []).flatMap((device) => (
    Object.entries(device.counters).map(([name, statistics]) => [
      scenario.name, device.device.name, name.replaceAll("_", " "), number(statistics.mean), number(statistics.min), number(statistics.max)]))));
  if (rows.length === 0) return [];
  return [table({
    caption: `GPUs of ${workload.model}`,
    columns: [{title: "Mode"}, {title: "Device"}, {title: "Counter"}, {title: "Mean", number: true}, {title: "Least", number: true}, {title: "Most", number: true}],
    rows, tall: true,
  })];
}

function memorySection(workload) {
  const scenarios = measuredScenarios(workload).filter((scenario) => peakOf(scenario) !== null);
  const memory = scenarios.length === 0 ? [] : [
    el("div", {class: "charts"}, memoryChart(workload, scenarios)), memoryTable(workload, scenarios)];
  const parts = [...memory, ...energyParts(workload), ...counterParts(workload), ...gpuParts(workload)];
  if (parts.length === 0) return [];
  return [
    el("h3", {}, "Memory and energy"),
    memory.length > 0 ? el("p", {class: "quiet"}, "The thick tick is what the model's sizes ask for.") : null,
    ...parts,
  ];
}
