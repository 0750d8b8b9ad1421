// A process that writes to an LMDB store as fast as it can and prints a line for each acknowledged commit, until it is
// killed. Arguments: folder, round, how many lines to write at most (0: no end), how long a file of the log gets.
import { writeSync } from "node:fs";
import { systemHost } from "../../../src/host/index.ts";
import { type Operation, openLmdbStore, type Store } from "../../../src/store/index.ts";
import { type Acknowledged, contentOf, stepOf, writers } from "./acknowledged.ts";

const [dir = "", round = "", linesMax = "0", turnBytes = ""] = process.argv.slice(2);
process.on("SIGXFSZ", () => {}); // a limit on file sizes is to fail the write, not to end the process
const store = await openLmdbStore(
  systemHost({ log: { level: "error" } }),
  dir,
  turnBytes === "" ? {} : { logTurnBytes: Number(turnBytes) },
);
let lines = 0;
await Promise.all(Array.from({ length: writers }, (_, writer) => writeOn(store, writer)));
await store.close();

async function writeOn(store: Store, writer: number): Promise<void> {
  for (let step = 0; linesMax === "0" || lines < Number(linesMax); step++) {
    const { keys, deletes } = stepOf(writer, step);
    const version = `${round}.${writer}.${step}`;
    const operations = keys.map((key): Operation => (deletes ? { type: "delete", key } : put(key, version)));
    try {
      const result = await store.commit({ compare: [], operations });
      if (!result.committed) continue;
      print({ revision: result.revision, writer, step, keys, version: deletes ? undefined : version });
    } catch (error) {
      print({ failed: String(error) });
    }
  }
}

function put(key: string, version: string): Operation {
  const object = {
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name: key },
    version,
    content: contentOf(key, version),
  };
  return { type: "put", key, object };
}

function print(line: Acknowledged | { failed: string }): void {
  lines++;
  writeSync(1, `${JSON.stringify(line)}\n`);
}
