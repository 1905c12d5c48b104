// A report's page in headless Chromium, at a test's command: node page.cjs PACKAGES_FOLDER JSON
// {page, chromium, width, height, dark, steps, axe, keyboard, screenshot, pdf} -> one line of JSON with what was seen.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const {pathToFileURL} = require("node:url");

const [packages, text] = process.argv.slice(2);
const load = require("node:module").createRequire(path.join(packages, "any.js"));
const puppeteer = load("puppeteer-core");
const axeSource = fs.readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const given = JSON.parse(text);

// What the page holds, once it has been scrolled through.
const look = () => {
  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const drawn = figures.filter((figure) => {
    const svg = figure.querySelector("svg[role=img]");
    const marks = figure.querySelectorAll("svg[role=img] rect, svg[role=img] path");
    return svg?.getAttribute("aria-label") && svg.getBoundingClientRect().height > 40 && marks.length > 0;
  });
  // Between a chart and the next heading there is a table, shown or folded.
  const order = [...document.querySelectorAll("main h2, main h3, main figure[data-chart], main table, main details")];
  const withTable = figures.filter((figure) => {
    const rest = order.slice(order.indexOf(figure) + 1);
    const end = rest.findIndex((element) => element.matches("h2, h3"));
    return rest.slice(0, end < 0 ? rest.length : end).some((element) => element.matches("table, details"));
  });
  const outside = [...document.querySelectorAll("svg[role=img] text")].filter((label) => {
    const box = label.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  });
  return {
    charts: figures.map((figure) => figure.dataset.chart),
    drawn: drawn.length,
    withTable: withTable.length,
    tables: document.querySelectorAll("table").length,
    headings: [...document.querySelectorAll("h2")].map((heading) => heading.textContent),
    text: document.getElementById("content").innerText,
    pageOverflow: document.documentElement.scrollWidth - innerWidth,
    labelsOutside: outside.map((label) => label.textContent),
    elementsFromDocuments: document.querySelectorAll("main img, main script, main iframe, main object").length,
  };
};

// All of it, or so many half screens.
async function scrollThrough(page, steps) {
  await page.evaluate(async (most) => {
    for (let y = 0, i = 0; y < document.documentElement.scrollHeight && i < most; y += innerHeight / 2, ++i) {
      scrollTo(0, y);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 20)));
    }
    scrollTo(0, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }, steps);
}

// By keys alone: the first stop skips to the results; a slider reads its chart; a folded table opens.
async function useKeyboard(page) {
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press("Enter");
  const target = await page.evaluate(() => document.activeElement.id);
  const reach = async (matches) => {
    for (let i = 0; i < 400; ++i) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(matches)) return true;
    }
    return false;
  };
  const slider = await reach(() => document.activeElement.type === "range");
  const reading = () => page.evaluate(() => document.activeElement.closest("figure")?.querySelector("output").textContent ?? "");
  const before = await reading();
  await page.keyboard.press("ArrowRight");
  const after = await reading();
  const summary = await reach(() => document.activeElement.tagName === "SUMMARY");
  await page.keyboard.press("Enter");
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  const opened = await page.evaluate(() => document.activeElement.parentElement.querySelector("table") !== null);
  return {first, target, slider, before, after, summary, opened};
}

async function faults(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => axe.run(document, {resultTypes: ["violations"]}));
  return found.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.slice(0, 3).map((node) => node.html.slice(0, 200))}));
}

async function run() {
  const browser = await puppeteer.launch({executablePath: given.chromium, headless: true,
                                          args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]});
  try {
    const page = await browser.newPage();
    await page.setViewport({width: given.width, height: given.height});
    await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: given.dark ? "dark" : "light"}]);
    const console_ = [];
    const requests = [];
    const address = pathToFileURL(given.page).href;
    page.on("console", (message) => console_.push(message.text()));
    page.on("pageerror", (error) => console_.push(String(error.stack ?? error)));
    page.on("request", (request) => {
      if (request.url() !== address && !request.url().startsWith("data:")) requests.push(request.url());
    });
    const begun = performance.now();
    await page.goto(address, {waitUntil: "load"});
    // Until the first section is on the screen.
    await page.waitForSelector("#environment table");
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
    const openMs = performance.now() - begun;
    await scrollThrough(page, given.steps ?? 1000);
    const seen = await page.evaluate(look);
    const result = {openMs, console: console_, requests, ...seen};
    if (given.screenshot) await page.screenshot({path: given.screenshot, fullPage: true});
    if (given.pdf) await page.pdf({path: given.pdf, format: "A4", preferCSSPageSize: false});
    if (given.axe) result.faults = await faults(page);
    if (given.keyboard) result.keyboard = await useKeyboard(page);
    return result;
  } finally {
    await browser.close();
  }
}

run().then((result) => console.log(JSON.stringify(result)), (error) => {
  console.error(String(error?.stack ?? error));
  process.exitCode = 1;
});
