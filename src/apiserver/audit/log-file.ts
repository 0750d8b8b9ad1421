import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { JsonObject } from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { AuditSink } from "./audit.ts";

export interface AuditLogOptions {
  /** `-` is standard output. */
  readonly path: string;
  readonly format?: "json" | "legacy";
  /** Days that old files are kept; 0 for ever. */
  readonly maxAgeDays?: number;
  /** How many old files are kept; 0 all. */
  readonly maxBackups?: number;
  /** MiB of a file before the next is begun; 0 means 100. */
  readonly maxSizeMiB?: number;
}

const mebibyte = 1024 * 1024;
const defaultSizeMiB = 100;
const dayMs = 24 * 60 * 60 * 1000;
const standardOutput = 1;

/** One event a line. A file that is full is renamed after the time, as `audit-2026-01-02T15-04-05.000.log`, and a new one begun. */
export class AuditLogFile implements AuditSink {
  readonly #options: AuditLogOptions;
  readonly #clock: Pick<Clock, "now">;
  #descriptor: number | undefined;
  #bytes = 0;

  /** @throws Error when the file cannot be opened */
  constructor(options: AuditLogOptions, clock: Pick<Clock, "now">) {
    this.#options = options;
    this.#clock = clock;
    this.#open();
  }

  write(event: JsonObject): void {
    const line = Buffer.from(`${this.#options.format === "legacy" ? legacyText(event) : JSON.stringify(event)}\n`);
    const max = (this.#options.maxSizeMiB || defaultSizeMiB) * mebibyte;
    if (this.#options.path !== "-" && this.#bytes > 0 && this.#bytes + line.length > max) this.#rotate();
    if (this.#descriptor === undefined) throw new Error("the audit log is closed");
    writeSync(this.#descriptor, line);
    this.#bytes += line.length;
  }

  close(): void {
    if (this.#descriptor !== undefined && this.#descriptor !== standardOutput) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): void {
    const { path } = this.#options;
    if (path === "-") {
      this.#descriptor = standardOutput;
      return;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    this.#descriptor = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  #rotate(): void {
    const { path } = this.#options;
    this.close();
    const time = new Date(this.#clock.now()).toISOString().replaceAll(":", "-").replace("Z", "");
    const extension = extname(path);
    renameSync(path, `${path.slice(0, path.length - extension.length)}-${time}${extension}`);
    this.#open();
    this.#removeOld();
  }

  #removeOld(): void {
    const { path, maxBackups = 0, maxAgeDays = 0 } = this.#options;
    const extension = extname(path);
    const prefix = `${basename(path, extension)}-`;
    const old = readdirSync(dirname(path))
      .filter((name) => name.startsWith(prefix) && name.endsWith(extension))
      .map((name) => ({ name, time: timeOf(name.slice(prefix.length, name.length - extension.length)) }))
      .filter(({ time }) => !Number.isNaN(time))
      .sort((a, b) => b.time - a.time);
    const oldestMs = this.#clock.now() - maxAgeDays * dayMs;
    for (const [at, { name, time }] of old.entries()) {
      const isTooMany = maxBackups > 0 && at >= maxBackups;
      const isTooOld = maxAgeDays > 0 && time < oldestMs;
      if (isTooMany || isTooOld) rmSync(join(dirname(path), name), { force: true });
    }
  }
}

/** Of `2026-01-02T15-04-05.000`; not a number for what is no time. */
function timeOf(text: string): number {
  const [day, time = ""] = text.split("T");
  return Date.parse(`${day}T${time.replaceAll("-", ":")}Z`);
}

interface Told {
  readonly requestReceivedTimestamp?: string;
  readonly auditID?: string;
  readonly stage?: string;
  readonly verb?: string;
  readonly requestURI?: string;
  readonly sourceIPs?: readonly string[];
  readonly user?: { readonly username?: string; readonly groups?: readonly string[] };
  readonly impersonatedUser?: { readonly username?: string; readonly groups?: readonly string[] };
  readonly objectRef?: { readonly namespace?: string };
  readonly responseStatus?: { readonly code?: number };
}

function legacyText(event: JsonObject): string {
  const told = event as Told;
  const { user, impersonatedUser: as, responseStatus } = told;
  const groups = (names: readonly string[] | undefined) =>
    names?.length ? names.map((name) => JSON.stringify(name)).join(",") : "<none>";
  const response = responseStatus?.code === undefined ? "<deferred>" : String(responseStatus.code);
  const fields: [string, string][] = [
    ["id", told.auditID ?? ""],
    ["stage", told.stage ?? ""],
    ["ip", told.sourceIPs?.[0] ?? "<unknown>"],
    ["method", told.verb ?? ""],
    ["user", user?.username ?? "<none>"],
    ["groups", groups(user?.groups)],
    ["as", as?.username ?? "<self>"],
    ["asgroups", as === undefined ? "<lookup>" : groups(as.groups)],
    ["user-agent", String(event.userAgent ?? "")],
    ["namespace", told.objectRef?.namespace ?? "<none>"],
    ["uri", told.requestURI ?? ""],
    ["response", response],
  ];
  const unquoted = new Set(["groups", "asgroups"]);
  const text = fields.map(([key, value]) => `${key}=${unquoted.has(key) ? value : JSON.stringify(value)}`).join(" ");
  return `${told.requestReceivedTimestamp} AUDIT: ${text}`;
}
