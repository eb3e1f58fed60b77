const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const WIDTH = 400;
const ROW = 24;
const LABEL = 120;

/** Makes text safe between tags and in attributes. */
export function escapeXml(text) {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** A horizontal bar for each of the first `top` rows, as an SVG document. */
export function barChart(rows, { top = 10 } = {}) {
  const shown = rows.slice(0, top);
  const most = Math.max(1, ...shown.map(({ count }) => count));
  const bars = shown.map(({ word, count }, i) => {
    const length = Math.round((count / most) * (WIDTH - LABEL));
    const label = escapeXml(word);
    return (
      `  <text x="${LABEL - 8}" y="${i * ROW + 16}" text-anchor="end">${label}</text>\n` +
      `  <rect x="${LABEL}" y="${i * ROW + 2}" width="${length}" height="${ROW - 4}">` +
      `<title>${label}: ${count}</title></rect>\n`
    );
  });
  const height = Math.max(1, shown.length) * ROW;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" role="img">\n` +
    `${bars.join("")}</svg>\n`
  );
}
