import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type ApiServer, createApiServer } from "../../../src/apiserver/index.ts";
import { silentLogger, systemHost } from "../../../src/host/index.ts";
import { createCluster } from "../../../src/index.ts";
import { createMemoryStore } from "../../../src/store/index.ts";
import { Api } from "../../conformance/support/api.ts";
import { testCertificates } from "../apiserver-http/test-certificates.ts";
import { definitionPath, definitionsPath, isEstablished, widget, widgetDefinition } from "./definitions.ts";

const widgets = "/apis/example.org/v1/namespaces/default/widgets";

describe("custom resources", () => {
  const undo: (() => void | Promise<void>)[] = [];

  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  test("are served again when the cluster starts again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sampan-crd-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const first = await createCluster({ nodes: false, dataDir: folder });
    const before = new Api(first);
    await before.create(definitionsPath, widgetDefinition());
    await before.until(definitionPath, isEstablished);
    const made = await before.create(widgets, widget("one", { color: "red" }));
    before.close();
    await first.stop();

    const second = await createCluster({ nodes: false, dataDir: folder });
    undo.push(() => second.stop());
    const after = new Api(second);
    undo.push(() => after.close());
    expect(await after.get(`${widgets}/one`)).toEqual(made);
  });

  test("that one API server is told of are served by all on the same store", async () => {
    const host = { ...systemHost(), log: silentLogger };
    const { serviceAccountKey } = await testCertificates(host);
    const store = createMemoryStore(host);
    const start = async (): Promise<ApiServer> => {
      const server = createApiServer({ host, store, serviceAccountKey, config: { sharedStore: true } });
      await server.bootstrap();
      undo.push(() => server.close());
      return server;
    };
    const [one, other] = [await start(), await start()];
    const user = { name: "admin", groups: ["system:masters"] };
    const target = { options: {}, user, group: "apiextensions.k8s.io", version: "v1" };
    const body = widgetDefinition();
    await one.trusted.handle({ ...target, verb: "create", resource: "customresourcedefinitions", body });
    await expect.poll(() => other.kinds.byResource("example.org", "v1", "widgets")?.kind).toBe("Widget");
    const create = {
      options: {},
      user,
      verb: "create",
      group: "example.org",
      version: "v1",
      resource: "widgets",
    } as const;
    const place = { namespace: "default" };
    await other.trusted.handle({ ...create, ...place, body: widget("one") });
    const read = await one.trusted.handle({ ...create, ...place, verb: "get", name: "one" });
    expect(read.kind === "object" && read.object).toMatchObject({ spec: { size: 1 } });
    const gone = {
      ...target,
      verb: "delete",
      resource: "customresourcedefinitions",
      name: "widgets.example.org",
    } as const;
    await one.trusted.handle(gone);
    await expect.poll(() => other.kinds.byResource("example.org", "v1", "widgets")).toBeUndefined();
  });
});
