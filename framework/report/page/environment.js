// Where the results come from, with what makes them incomparable.
"use strict";

const mostEnvironments = 8;

const environmentName = (i) => (i < 26 ? String.fromCharCode(65 + i) : `E${i + 1}`);

function environmentSection(data) {
  const shown = data.environments.slice(0, mostEnvironments);
  const differing = shown.map((environment) => new Map(environment.differences.map((difference) => [difference.field, difference.difference])));
  const fields = [...new Set(shown.flatMap((environment) => flatFields(environment.hardware_info, "hardware_info").map(([name]) => name)))];
  const values = shown.map((environment) => new Map(flatFields(environment.hardware_info, "hardware_info")));
  // A list or object differs as a whole.
  const kindOf = (i, field) => [...differing[i]].find(([name]) => field === name || field.startsWith(`${name}.`))?.[1] ?? null;
  const order = (field) => Math.min(...shown.map((_, i) => ({machine: 0, noted: 1}[kindOf(i, field)] ?? 2)));
  const rows = fields.sort((a, b) => order(a) - order(b)).map((field) => [
    field.replace("hardware_info.", ""),
    ...shown.map((_, i) => {
      const kind = kindOf(i, field);
      const text = values[i].get(field) ?? "–";
      if (kind === "machine") return {text, class: "worse", small: "✕ another machine"};
      return kind === "noted" ? {text, class: "noted", small: "• differs"} : text;
    })]);
  const machines = new Set(data.environments.map((environment) => environment.machine)).size;
  const columns = [{title: "Field"}, ...shown.map((environment, i) => ({
    title: `${environmentName(i)}: ${count(environment.documents, "document")}, ${dateText(environment.last_timestamp)}`, wrap: true}))];
  return el("section", {id: "environment"},
            el("h2", {}, "Environment"),
            el("p", {class: "quiet"},
               machines > 1 ? `${machines} machines: times from different ones say nothing about a change, and are never compared here. `
                            : "One machine. ",
               shown.length > 1 ? `Columns are held against ${environmentName(0)}, that of the newest document. ` : "",
               data.environments.length > shown.length ? `The newest ${shown.length} of ${data.environments.length} environments.` : ""),
            shown.length > 0 ? table({caption: "Machine and system", columns, rows}) : null);
}
