/** Parses the table that lexi-count prints into [{word, count}]. */
export function parseTable(text) {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => {
      const match = /^([1-9][0-9]*)\t(.+)$/u.exec(line);
      if (match === null) {
        throw new Error(`line ${i + 1}: expected COUNT<TAB>WORD, found ${JSON.stringify(line)}`);
      }
      return { word: match[2], count: Number(match[1]) };
    });
}
