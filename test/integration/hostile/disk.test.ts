// What the disk can do to a server: be full, be read-only, hold a damaged file, be used by two.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/host/index.ts";
import { type Answer, ServerProcess } from "./server-process.ts";

const root = mkdtempSync(join(tmpdir(), "sampan-disk-"));
const data = join(root, "data");
const started: ServerProcess[] = [];
const mounted: string[] = [];

afterAll(async () => {
  await Promise.all(started.map((server) => server.kill("SIGKILL")));
  for (const dir of mounted) spawnSync("umount", [dir]);
  rmSync(root, { recursive: true, force: true });
});

function start(dataDir: string): ServerProcess {
  const server = new ServerProcess(root, dataDir);
  started.push(server);
  return server;
}

function mount(dir: string, options: string): boolean {
  mkdirSync(dir, { recursive: true });
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", dir]).status === 0;
  if (isMounted) mounted.push(dir);
  return isMounted;
}

const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, bytes: number) => ({ metadata: { name }, data: { text: "x".repeat(bytes) } });
const namesOf = (list: Answer | undefined): Set<string> =>
  new Set(list?.body.items.map((item: { metadata: { name: string } }) => item.metadata.name));

/** It says in one line what is wrong, and no more. */
async function expectRefusal(server: ServerProcess, what: RegExp): Promise<void> {
  const { code, signal, stderr } = await server.exited;
  expect({ code, signal }, stderr).toEqual({ code: 1, signal: null });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(what);
}

/** A folder with a few objects. */
beforeAll(async () => {
  const server = start(data);
  await server.ready;
  for (let i = 0; i < 50; i++) await server.call("POST", configMaps, configMap(`c-${i}`, i * 100));
  expect((await server.kill("SIGTERM")).code).toBe(0);
});

const small = join(root, "small");
const canMount = mount(small, "size=12m");

describe.skipIf(!canMount)(`a full disk${canMount ? "" : " (file systems cannot be mounted here)"}`, () => {
  it("refuses writes clearly, loses nothing that was acknowledged, and takes writes again when there is room", async () => {
    const server = start(join(small, "data"));
    await server.ready;
    const acknowledged = new Set<string>();
    const refused: Answer[] = [];
    for (let i = 0; i < 400 && refused.length < 5; i++) {
      const answer = await server.call("POST", configMaps, configMap(`full-${i}`, 100_000));
      if (answer?.status === 201) acknowledged.add(`full-${i}`);
      else if (answer !== undefined) refused.push(answer);
    }
    expect(acknowledged.size).toBeGreaterThan(10);
    expect(refused).toHaveLength(5);
    for (const { status, body } of refused) {
      expect(status).toBe(503);
      expect(body).toMatchObject({ kind: "Status", reason: "ServiceUnavailable" });
      expect(body.message).toMatch(/cannot write to the store in .*: .*; \d+ KiB are free there/);
    }
    const listed = namesOf(await server.call("GET", configMaps));
    listed.delete("kube-root-ca.crt");
    expect(listed).toEqual(acknowledged);

    expect(spawnSync("mount", ["-o", "remount,size=64m", small]).status).toBe(0);
    expect((await server.call("POST", configMaps, configMap("room", 100_000)))?.status).toBe(201);
    await server.kill("SIGKILL");

    const again = start(join(small, "data"));
    await again.ready;
    const found = namesOf(await again.call("GET", configMaps));
    found.delete("kube-root-ca.crt");
    expect(found).toEqual(new Set([...acknowledged, "room"]));
    expect((await again.kill("SIGTERM")).code).toBe(0);
  });

  it("that is read-only is told in one line", async () => {
    const dir = join(root, "read-only");
    expect(mount(dir, "size=16m")).toBe(true);
    cpSync(data, join(dir, "data"), { recursive: true });
    expect(spawnSync("mount", ["-o", "remount,ro", dir]).status).toBe(0);
    await expectRefusal(start(join(dir, "data")), /read-only|EROFS/);
  });
});

it("a folder is used by one server at a time", async () => {
  const first = start(data);
  await first.ready;
  await expectRefusal(start(data), /in use|another|already/);
  expect((await first.call("GET", "/readyz"))?.body).toBe("ok");
  expect((await first.kill("SIGTERM")).code).toBe(0);
});

describe("a damaged store file", () => {
  const storeFile = (dir: string) => join(dir, "store", "data.mdb");

  it("that is cut off is told in one line", async () => {
    const dir = join(root, "cut-off");
    cpSync(data, dir, { recursive: true });
    truncateSync(storeFile(dir), Math.floor(statSync(storeFile(dir)).size / 3));
    await expectRefusal(start(dir), /data\.mdb is damaged/);
  });

  it("that is something else is told in one line", async () => {
    const dir = join(root, "other");
    cpSync(data, dir, { recursive: true });
    writeFileSync(storeFile(dir), "this is no store\n".repeat(1000));
    await expectRefusal(start(dir), /data\.mdb is damaged or no LMDB file/);
  });

  it("with flipped bits ends a server in no other way than a clear line", async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 3; round++) {
      const dir = join(root, `flipped-${round}`);
      cpSync(data, dir, { recursive: true });
      const bytes = readFileSync(storeFile(dir));
      for (let i = 0; i < 200; i++) {
        const at = 8192 + Math.floor(random.next() * (bytes.length - 8192));
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      }
      writeFileSync(storeFile(dir), bytes);
      const server = start(dir);
      const isServing = await server.ready.then(
        () => true,
        () => false,
      );
      if (isServing) expect((await server.kill("SIGTERM")).code).toBe(0);
      else await expectRefusal(server, /damaged|cannot/);
    }
  });
});
