// node main.js [--serve PORT]: reads a table of word counts, prints a chart or serves it.
import { readFileSync } from "node:fs";

import { serve } from "./lib/server.js";
import { barChart } from "./lib/svg.js";
import { parseTable } from "./lib/table.js";

const [option, port, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && (option !== "--serve" || !/^\d+$/.test(port ?? "")))) {
  console.error("usage: node main.js [--serve PORT] < TABLE");
  process.exit(2);
}
try {
  const svg = barChart(parseTable(readFileSync(0, "utf8")));
  if (option === undefined) {
    process.stdout.write(svg);
  } else {
    await serve(svg, Number(port));
    console.error(`http://127.0.0.1:${port}/chart.svg`);
  }
} catch (error) {
  console.error(`lexi-chart: ${error.message}`);
  process.exit(1);
}
