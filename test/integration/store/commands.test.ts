// `sampan store`: check, snapshot save, restore, status, on folders of real servers, also while they run.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing } from "../../support/requires.ts";
import { ServerProcess } from "../hostile/server-process.ts";

const program = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "sampan-backup-"));
const data = join(root, "data");
const file = join(root, "snapshot");
const started: ServerProcess[] = [];
const mounted: string[] = [];
afterAll(async () => {
  await Promise.all(started.map((server) => server.kill("SIGKILL")));
  for (const dir of mounted) spawnSync("umount", [dir]);
  rmSync(root, { recursive: true, force: true });
});

const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, text: string) => ({ metadata: { name }, data: { text } });

async function start(dataDir: string): Promise<ServerProcess> {
  const server = new ServerProcess(root, dataDir);
  started.push(server);
  await server.ready;
  return server;
}

function store(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "store", ...args], { encoding: "utf8" });
  return { code: status, stdout, stderr: stderr.trim() };
}

function refused(why: RegExp, ...args: string[]): void {
  const { code, stderr } = store(...args);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(why) });
  expect(stderr.split("\n")).toHaveLength(1);
}

async function namesIn(server: ServerProcess): Promise<string[]> {
  const answer = await server.call("GET", configMaps);
  return answer?.body.items.map((item: { metadata: { name: string } }) => item.metadata.name).sort();
}

let saved: { revision: number; objects: number };
/** Revisions that were given out after the snapshot, and are lost with what they wrote. */
let lost = 0;

beforeAll(async () => {
  const server = await start(data);
  for (let i = 0; i < 40; i++) await server.call("POST", configMaps, configMap(`c-${i}`, `text-${i}-`.repeat(i * 20)));
  const { code, stdout, stderr } = store("snapshot", "save", file, "--data-dir", data, "-o", "json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  saved = JSON.parse(stdout);
  for (let i = 0; i < 10; i++) {
    const answer = await server.call("POST", configMaps, configMap(`later-${i}`, "lost"));
    lost = Number(answer?.body.metadata.resourceVersion);
  }
  refused(/a cluster is already running on .*: stop it first/, "check", data);
  expect((await server.kill("SIGTERM")).code).toBe(0);
});

describe("a snapshot of a running cluster", () => {
  it("is verified and described by status", () => {
    const text = store("snapshot", "status", file);
    expect(text.stdout).toMatch(new RegExp(`: revision ${saved.revision}, ${saved.objects} objects, \\d+ bytes\n`));
    expect(JSON.parse(store("snapshot", "status", file, "-o", "json").stdout)).toEqual(saved);
    expect(saved.objects).toBeGreaterThan(40);
  });

  it("becomes a cluster that has what was there, and tells watches from before to list again", async () => {
    const dir = join(root, "restored");
    const { code, stdout } = store("snapshot", "restore", file, "--data-dir", dir);
    expect(code).toBe(0);
    expect(stdout).toMatch(/restored into .*\nThe keys of the cluster are not in a snapshot/s);
    expect(store("check", dir).stdout).toMatch(/is whole: revision \d+, \d+ objects\n$/);
    const server = await start(dir);
    const names = (await namesIn(server)).filter((name) => name.startsWith("c-") || name.startsWith("later"));
    expect(names).toHaveLength(40);
    for (const from of [1, saved.revision, lost]) {
      const events: { type: string; object: { code?: number } }[] = [];
      await server.watch(`${configMaps}?watch=1&resourceVersion=${from}&timeoutSeconds=2`, (event) =>
        events.push(event),
      );
      expect(events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
    }
    const written = await server.call("POST", configMaps, configMap("new", ""));
    expect(Number(written?.body.metadata.resourceVersion)).toBeGreaterThan(saved.revision + 1_000_000_000);
    expect((await server.kill("SIGTERM")).code).toBe(0);
  });

  it("is never restored over a store", () => {
    refused(/store exists: a snapshot is restored into a new folder/, "snapshot", "restore", file, "--data-dir", data);
  });

  it("that is damaged, cut off or something else is told, and nothing is made of it", () => {
    const bytes = readFileSync(file);
    const bad = join(root, "bad");
    const dir = join(root, "never");
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
    const cases: [Buffer | string, RegExp][] = [
      [flipped, /the snapshot .*bad is damaged/],
      [bytes.subarray(0, bytes.length - 100), /the snapshot .*bad is damaged/],
      [Buffer.concat([bytes, Buffer.from("x")]), /is damaged: something follows its end/],
      ["no snapshot\n", /bad is no snapshot of a Sampan store/],
      ["", /bad is no snapshot of a Sampan store/],
      ["null\n", /bad is no snapshot of a Sampan store/],
      ['{"snapshot":"sampan-snapshot-1","revision":0.5,"timeMs":0}\n', /bad is no snapshot of a Sampan store/],
    ];
    for (const [content, why] of cases) {
      writeFileSync(bad, content);
      refused(why, "snapshot", "restore", bad, "--data-dir", dir);
    }
    refused(/bad is no snapshot of a Sampan store/, "snapshot", "status", bad);
    refused(/cannot read .*absent: ENOENT/, "snapshot", "restore", join(root, "absent"), "--data-dir", dir);
    expect(existsSync(dir)).toBe(false);
    refused(/there is no store in/, "snapshot", "save", bad, "--data-dir", join(root, "absent"));
  });

  const cannotMount = missing({ root: true });
  it.skipIf(cannotMount)(
    `needs room, and leaves nothing half where there is none${cannotMount ? `: ${cannotMount}` : ""}`,
    () => {
      const small = join(root, "small");
      mkdirSync(small);
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small]).status).toBe(0);
      mounted.push(small);
      refused(
        /cannot write .*: ENOSPC: no space left on device/,
        "snapshot",
        "save",
        join(small, "s"),
        "--data-dir",
        data,
      );
      refused(
        /cannot restore into .*: up to \d+ KiB are needed and \d+ KiB are free there/,
        "snapshot",
        "restore",
        file,
        "--data-dir",
        join(small, "d"),
      );
      expect(readdirSync(small).filter((name) => name !== "d")).toEqual([]);
      expect(existsSync(join(small, "d", "store"))).toBe(false);
      expect(spawnSync("mount", ["-o", "remount,ro", small]).status).toBe(0);
      refused(/cannot write .*: EROFS/, "snapshot", "save", join(small, "s"), "--data-dir", data);
      refused(/read-only file system|EROFS/, "snapshot", "restore", file, "--data-dir", join(small, "e"));
    },
  );
});

describe("a check", () => {
  const damaged = (name: string, harm: (path: string) => void): string => {
    const dir = join(root, name);
    cpSync(data, dir, { recursive: true });
    harm(join(dir, "store", "data.mdb"));
    return dir;
  };

  it("finds a store whole that was killed and restarted, and takes the store's own folder too", () => {
    expect(store("check", data)).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(store("check", join(data, "store"), "-o", "json").stdout)).toMatchObject({ problemCount: 0 });
    refused(/there is no store in/, "check", join(root, "absent"));
  });

  it("names each record that is damaged", () => {
    const dir = damaged("flipped", (path) => {
      const bytes = readFileSync(path);
      for (const text of ["text-35-", "text-39-"]) {
        for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) bytes[at + 2] = 0x20;
      }
      writeFileSync(path, bytes);
    });
    const { code, stdout, stderr } = store("check", dir);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/store is damaged: 2 problems$/) });
    expect(stdout.trim().split("\n")).toEqual([
      "the record of /registry/configmaps/default/c-35 is damaged: its checksum is wrong",
      "the record of /registry/configmaps/default/c-39 is damaged: its checksum is wrong",
    ]);
  });

  it("tells a file that is torn", () => {
    const dir = damaged("torn", (path) => truncateSync(path, 40_000));
    const { code, stdout } = store("check", dir);
    expect(code).toBe(1);
    expect(stdout).toMatch(/data\.mdb is damaged: page \d+ of \d+ is wrong or missing/);
  });
});
