// npm run fuzz -- --cases 200000 --seed 1 --only pods
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { fuzzOverHttps } from "./over-https.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "200000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    from: { type: "string", default: "0" },
    https: { type: "string", default: "2000" },
    failures: { type: "string", default: "50" },
  },
});

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => {
  unhandled.push(reason);
  console.error("a rejection that nobody handled:", reason);
});

const started = performance.now();
const report = await fuzz({
  cases: Number(values.cases),
  seed: values.seed,
  only: values.only,
  from: Number(values.from),
  failuresMost: Number(values.failures),
  onFailure: ({ text }) => console.log(text),
  onProgress: (cases, requests) => console.error(`${cases} cases, ${requests} requests`),
});
const seconds = (performance.now() - started) / 1000;
const codes = [...report.codes].sort(([a], [b]) => a - b).map(([code, times]) => `${code}: ${times}`);
console.log(`${report.cases} cases with ${report.requests} requests in ${seconds.toFixed(0)} s; ${codes.join(", ")}`);
console.log(`${report.slow.length} slow requests${report.slow.length === 200 ? " or more" : ""}`);
for (const slow of report.slow.slice(0, 10)) console.log(`  ${slow.ms.toFixed(0)} ms ${slow.case} ${slow.step}`);
console.log(`${report.failures.length} failures`);
const https = await fuzzOverHttps({ cases: Number(values.https), seed: values.seed, only: values.only });
for (const failure of https.failures) console.log(failure);
console.log(
  `${https.requests} requests over HTTPS (${https.unsendable} that no client sends): ${https.failures.length} failures`,
);
process.exitCode = report.failures.length + https.failures.length + unhandled.length > 0 ? 1 : 0;
