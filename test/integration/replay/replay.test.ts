import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../apiserver-http/test-server.ts";
import { loadOracle, missingRecording, recordedCases } from "./recording.ts";
import { replay } from "./replay.ts";

/** What was reached, in percent: it may not sink. */
const floors = { code: 99.9, shape: 98.4, text: 98.4 };
const playMs = 240_000;

describe.skipIf(missingRecording !== undefined)(
  `recorded answers of the original${missingRecording === undefined ? "" : ` (${missingRecording})`}`,
  () => {
    let server: TestServer;

    beforeAll(async () => {
      server = await startTestServer();
    });

    afterAll(() => server?.stop());

    test("agree in status code, shape and text as far as they once did", { timeout: playMs }, async () => {
      const { steps, differences, ...reached } = await replay(server, recordedCases(), await loadOracle());
      const shown = Object.entries(reached).map(([level, percent]) => `${level} ${percent.toFixed(2)} %`);
      console.log([`${steps} answers: ${shown.join(", ")}`, ...differences.slice(0, 15)].join("\n  "));
      expect(steps).toBeGreaterThan(0);
      for (const level of ["code", "shape", "text"] as const) {
        expect(reached[level], level).toBeGreaterThanOrEqual(floors[level]);
      }
    });
  },
);
