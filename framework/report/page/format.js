// Numbers and times as people read them.
"use strict";

// Four significant digits, without an exponent where that is readable.
function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(digits - 1);
  const whole = size < 1 ? 1 : Math.floor(Math.log10(size)) + 1;
  const decimals = size >= 1 ? Math.max(0, digits - whole) : digits - 1 + Math.max(0, -Math.floor(Math.log10(size || 1)) - 1);
  return value.toFixed(Math.min(decimals, 8));
}

const timeUnits = [{least: 1, scale: 1, name: "s"}, {least: 1e-3, scale: 1e3, name: "ms"}, {least: 0, scale: 1e6, name: "µs"}];
const byteUnits = [
  {least: 2 ** 30, scale: 2 ** -30, name: "GiB"}, {least: 2 ** 20, scale: 2 ** -20, name: "MiB"},
  {least: 2 ** 10, scale: 2 ** -10, name: "KiB"}, {least: 0, scale: 1, name: "bytes"}];
const plainUnit = (name) => ({scale: 1, name});

// The unit in which the largest value is at least 1.
function unitFor(largest, units) {
  return units.find((unit) => largest >= unit.least) ?? units[units.length - 1];
}

// The unit that a metric's values are shown in.
function unitOf(metricUnit, largest) {
  if (metricUnit === "seconds") return unitFor(largest, timeUnits);
  if (metricUnit === "bytes") return unitFor(largest, byteUnits);
  return plainUnit(metricUnit === "tokens/sec" ? "tokens/s" : metricUnit);
}

const inUnit = (value, unit, digits = 4) => number(value === null || value === undefined ? value : value * unit.scale, digits);
const withUnit = (value, unit, digits = 4) => `${inUnit(value, unit, digits)} ${unit.name}`;
function seconds(value) {
  if (value === null || value === undefined) return "–";
  return value === 0 ? "0 s" : withUnit(value, unitFor(Math.abs(value), timeUnits));
}
const bytes = (value) => (value === null || value === undefined ? "–" : withUnit(value, unitFor(value, byteUnits)));
const interval = (pair, unit = plainUnit("")) => (pair ? `[${inUnit(pair[0], unit, 3)}, ${inUnit(pair[1], unit, 3)}]` : "");
const times = (value) => `${number(value, 3)}×`;
// "5.00G"
const large = (value) => (value === null || value === undefined ? "–" : d3.format(".3s")(value));
const percent = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(value < 10 ? 1 : 0)}%`);
const count = (value, one, many = `${one}s`) => `${value.toLocaleString("en")} ${value === 1 ? one : many}`;

// "2026-01-15 14:30 UTC"
const dateText = (timestamp) => (timestamp ? `${timestamp.slice(0, 10)} ${timestamp.slice(11, 16)} UTC` : "–");
const commitText = (id) => (id ? id.slice(0, 10) : "–");

const metricNames = {
  latency: "Latency",
  time_to_first_token: "First token",
  inter_token_latency: "Per token",
  tokens_per_second: "Tokens per second",
};
const metricName = (name) => metricNames[name] ?? name.replaceAll("_", " ");

const plainValue = (value) => {
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};
