// The page: what there is, the headlines, a section for each workload, the environment.
"use strict";

const mostCards = 20;  // beyond that a table, and sections that are built when they come into view

const workloadId = (i) => `workload-${i + 1}`;
const workloadTitle = (workload) => `${workload.model}${workload.synthetic_weights ? " (synthetic weights)" : ""}`;

// {big, text, small} of a workload's fastest mode.
function headlineOf(workload) {
  const headline = workload.headline;
  if (!headline) return {big: "no result", text: "Nothing was measured.", small: ""};
  const scenario = workload.scenarios.find((candidate) => candidate.name === headline.fastest);
  const latency = metricOf(scenario, "latency");
  const unit = unitOf("seconds", latency.median);
  const over = headline.over_eager;
  const second = headline.over_second;
  const apart = (comparison) => (comparison.paired ? "" : ", measured apart");
  const small = second && second.base !== over?.base
    ? `Next: ${second.base}, ${second.verdict === "FASTER" ? `${speedupText(second)} behind` : `not told apart from it (${speedupText(second)})`}.` : "";
  if (over?.speedup) {
    return {big: times(over.speedup), interval: interval(over.speedup_ci95), small,
            text: `${headline.fastest} is the fastest, ${times(over.speedup)} as fast as ${over.base}${apart(over)}${over.verdict === "INCONCLUSIVE" ? ", which may be chance" : ""}.`};
  }
  return {big: withUnit(latency.median, unit), interval: interval(latency.ci95, unit), small, text: `${headline.fastest} is the fastest by latency.`};
}

function factsOf(workload) {
  const scenario = workload.scenarios.find((candidate) => candidate.name === workload.headline?.fastest);
  if (!scenario) return [];
  const facts = comparedMetrics.concat("tokens_per_second").map((name) => {
    const metric = metricOf(scenario, name);
    return metric ? [metricName(name), medianText(metric, unitOf(metric.unit, metric.median))] : null;
  });
  const limits = [scenario.roofline?.prefill?.percent_of_limit, scenario.roofline?.decode?.percent_of_limit].filter((value) => value);
  if (limits.length > 0) facts.push(["Of limit", limits.map(percent).join(" first token, ") + (limits.length > 1 ? " per token" : "")]);
  facts.push(["Output check", scenario.verification?.status?.replace("_", " ") ?? "–"]);
  return facts.filter(Boolean);
}

function changeBadges(workload) {
  return newestChanges(workload).map(({scenario, verdict, changes}) => el("p", {}, badge(
      changeClass(verdict),
      `${verdict === "SLOWER" ? "▲ slower" : "▼ faster"} than the run before: ${scenario} (` +
      `${changes.map(({metric, judgement}) => `${metricName(metric).toLowerCase()} ${times(judgement.ratio)}`).join(", ")})`)));
}

function summaryCard(workload, i) {
  const headline = headlineOf(workload);
  return el("article", {class: "card"},
            el("h3", {}, el("a", {href: `#${workloadId(i)}`}, workloadTitle(workload))),
            el("p", {class: "quiet"}, workload.workload),
            el("p", {class: "big"}, headline.big, " ", el("small", {}, headline.interval ?? "")),
            el("p", {}, headline.text), headline.small ? el("p", {class: "quiet"}, headline.small) : null,
            el("dl", {class: "facts"}, factsOf(workload).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
            changeBadges(workload));
}

function summaryTable(workloads) {
  const shown = table({
    caption: "Workloads",
    columns: [{title: "Model"}, {title: "Workload"}, {title: "Fastest"}, {title: "Speed-up over eager", number: true},
              {title: "Latency", number: true}, {title: "Since the run before"}],
    rows: workloads.map((workload, i) => {
      const fastest = workload.scenarios.find((scenario) => scenario.name === workload.headline?.fastest);
      const changes = newestChanges(workload);
      const slower = changes.filter(({verdict}) => verdict === "SLOWER").length;
      return [{node: el("a", {href: `#${workloadId(i)}`}, workloadTitle(workload))}, workload.workload, workload.headline?.fastest ?? "–",
              speedupText(workload.headline?.over_eager), fastest ? seconds(metricOf(fastest, "latency").median) : "–",
              changes.length === 0 ? "–" : {class: slower ? "worse" : "better", text: `${slower} slower, ${changes.length - slower} faster`}];
    }),
    tall: true,
  });
  const id = newId("filter");
  const filter = el("input", {type: "search", id, autocomplete: "off"});
  const rows = [...shown.querySelectorAll("tbody tr")].map((row) => ({row, text: row.textContent.toLowerCase()}));
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const {row, text} of rows) row.hidden = !text.includes(wanted);
  });
  return [el("p", {}, el("label", {for: id}, "Show only rows with ")), filter, shown];
}

function summarySection(data) {
  const parts = data.workloads.length > mostCards ? summaryTable(data.workloads)
                                                  : [el("div", {class: "cards"}, data.workloads.map(summaryCard))];
  return el("section", {id: "summary"}, el("h2", {}, "Summary"), parts);
}

function workloadBody(workload) {
  return [modesSection, tokensSection, profileSection, memorySection, historySection, detailsSection].flatMap((section) => section(workload)).flat();
}

const pendingBodies = new Map();  // section -> builds its body
function buildBody(section) {
  const build = pendingBodies.get(section);
  if (!build) return;
  pendingBodies.delete(section);
  section.style.minHeight = "";
  section.append(...build().filter(Boolean));
}
const bodyObserver = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    bodyObserver.unobserve(entry.target);
    buildBody(entry.target);
  }
}, {rootMargin: "800px"});
addEventListener("beforeprint", () => [...pendingBodies.keys()].forEach(buildBody));

function workloadSection(data, workload, i) {
  const many = data.workloads.length > mostCards;
  const section = el("section", {class: "workload", id: workloadId(i)},
                     el("h2", {}, workloadTitle(workload)),
                     el("p", {class: "quiet"}, workload.workload,
                        data.environments.length > 1 ? `, environment ${environmentName(workload.environment)}` : ""));
  pendingBodies.set(section, () => workloadBody(workload));
  if (many) {
    section.style.minHeight = "70rem";
    bodyObserver.observe(section);
  } else {
    buildBody(section);
  }
  return section;
}

function failuresSection(data) {
  if (data.failures.length === 0) return null;
  return el("section", {id: "failures"}, el("h2", {}, "Not measured"), table({
    caption: "Scenarios without measurements, in the newest document of each model",
    columns: [{title: "Model"}, {title: "Mode"}, {title: "Status"}, {title: "Why", wrap: true}, {title: "When"}],
    rows: data.failures.map((failure) => [failure.model, failure.scenario, {text: failure.status, class: "worse"}, failure.error, dateText(failure.timestamp)]),
    tall: data.failures.length > 20,
  }));
}

function contents(data) {
  const links = [["#summary", "Summary"]];
  if (data.workloads.length <= mostCards) data.workloads.forEach((workload, i) => links.push([`#${workloadId(i)}`, workload.model]));
  if (data.failures.length > 0) links.push(["#failures", "Not measured"]);
  links.push(["#environment", "Environment"]);
  return el("ul", {}, links.map(([href, text]) => el("li", {}, el("a", {href}, text))));
}

function notes(data) {
  return [
    el("p", {}, `Latency is the time of a whole generate call, first token that to the first new token, per token the mean gap between those after it. ` +
       `Verdicts are those of run_benchmarks compare: equivalent within ${percent(data.margin * 100)}, slower or faster where the interval leaves 1 out.`),
    el("p", {}, "Tainted iterations are those that something else on the machine may have moved; they are left out where enough others remain."),
    el("p", {}, `Made by ${data.program}. Charts: D3, © Mike Bostock, BSD-3-Clause licence.`),
  ];
}

function main() {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  document.getElementById("provenance").textContent =
    `${count(data.documents, "document")}, ${count(data.results, "result")}, ${count(data.workloads.length, "workload")}; made ${dateText(data.generated)}`;
  document.getElementById("contents").append(contents(data));
  const parts = [summarySection(data), ...data.workloads.map((workload, i) => workloadSection(data, workload, i)), failuresSection(data), environmentSection(data)];
  document.getElementById("content").append(...parts.filter(Boolean));
  document.getElementById("notes").append(...notes(data));
  if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}
document.addEventListener("DOMContentLoaded", main);
