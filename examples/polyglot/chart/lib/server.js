import { createServer } from "node:http";

/** Serves `svg` at http://127.0.0.1:PORT/chart.svg; resolves to the server once it listens. */
export function serve(svg, port) {
  const server = createServer((request, response) => {
    if (request.url !== "/chart.svg") {
      response.writeHead(404, { "content-type": "text/plain" }).end("no such page\n");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else {
      response.writeHead(200, { "content-type": "image/svg+xml" }).end(svg);
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
