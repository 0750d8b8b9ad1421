import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/api/meta/index.ts";
import { startTestServer, type TestServer } from "../apiserver-http/test-server.ts";
import { type Player, player } from "./client.ts";
import { places } from "./places.ts";
import { type Case, loadOracle, type Oracle, type RecordedAnswer, recordedCases } from "./recording.ts";

for (const place of places)
  describe.skipIf(place.missing)(
    `an object that is applied twice, ${place.name}${place.missing ? ` (${place.missing})` : ""}`,
    () => {
      let server: TestServer;
      let kept: Awaited<ReturnType<typeof place.open>>;
      let client: Player;
      let oracle: Oracle;

      beforeAll(async () => {
        kept = await place.open();
        server = await startTestServer({ store: kept.store });
        client = player(server);
        oracle = await loadOracle();
      });

      afterAll(async () => {
        client?.close();
        await server?.stop();
        await kept?.close();
      });

      test("is not written the second time when it does not change, whatever its kind", async () => {
        const cases = recordedCases().filter(({ id }) => id.endsWith(" apply"));
        const written: string[] = [];
        for (const one of cases) if (await isWrittenTwice(one)) written.push(one.id);
        expect(cases.length).toBeGreaterThan(50);
        expect(written).toEqual([]);
      });

      async function isWrittenTwice(one: Case): Promise<boolean> {
        const env = oracle.environment();
        const [first] = one.steps;
        if (first === undefined) throw new Error(`${one.id} has no step`);
        await client.call({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: env.ns } } });
        const account = { metadata: { name: "default" } };
        await client.call({ method: "POST", path: `/api/v1/namespaces/${env.ns}/serviceaccounts`, body: account });
        const apply = { ...first, ...oracle.fill({ path: first.path, body: first.body ?? null }, env) };
        const created = await client.call(apply);
        expect(created.status, one.id).toBe(201);
        const before = await client.call({ method: "GET", path: apply.path.split("?")[0] ?? "" });
        const again = await client.call(apply);
        expect(again.status, one.id).toBe(200);
        for (const path of one.cleanup ?? []) await client.call({ method: "DELETE", path: oracle.fill(path, env) });
        // What admission put into a list that the applier owns as a whole is taken out again: that is a change.
        return revisionOf(before.body) !== revisionOf(again.body) && isDeepStrictEqual(content(before), content(again));
      }
    },
  );

function content({ body }: RecordedAnswer): object {
  const { metadata, ...rest } = body as unknown as KubeObject;
  const { resourceVersion: _, managedFields: __, ...own } = metadata;
  return { ...rest, metadata: own };
}

function revisionOf(body: unknown): string | undefined {
  return (body as KubeObject).metadata.resourceVersion;
}
