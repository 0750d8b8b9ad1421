import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Mounts on the machine: the only door to mount(8) and umount(8). */
export interface Mounter {
  /** @throws MountError */
  mount(request: MountRequest): Promise<void>;
  /** @throws MountError */
  unmount(target: string): Promise<void>;
  /** Where something is mounted, in the order it was: what is mounted later may lie on top. */
  mountPoints(): Promise<readonly string[]>;
}

export interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly type?: string;
  readonly options?: readonly string[];
  /** Takes the paths as they are: for paths of open files below /proc. */
  readonly exactPaths?: boolean;
}

/** Mounting or unmounting failed; the message is the original's. */
export class MountError extends Error {
  override readonly name = "MountError";
}

const run = promisify(execFile);
/** No mount of a local file system takes this long; one of a network must not hang its pod for ever. */
const mountTimeoutMs = 120_000;

/** The machine's own mounts, by the programs of util-linux. */
export class LinuxMounter implements Mounter {
  async mount({ source, target, type, options = [], exactPaths }: MountRequest): Promise<void> {
    const args = [
      ...(exactPaths === true ? ["--no-canonicalize"] : []),
      ...(type === undefined ? [] : ["-t", type]),
      ...(options.length === 0 ? [] : ["-o", options.join(",")]),
      source,
      target,
    ];
    await call("mount", args, "mount failed", "Mounting arguments: ");
    // A bind mount takes further options only when it is mounted again.
    const others = options.filter((option) => option !== "bind" && option !== "rbind");
    if (others.length === options.length || others.length === 0) return;
    await call(
      "mount",
      ["-o", ["remount", "bind", ...others].join(","), target],
      "mount failed",
      "Mounting arguments: ",
    );
  }

  async unmount(target: string): Promise<void> {
    await call("umount", [target], "unmount failed", "Unmounting arguments: ");
  }

  async mountPoints(): Promise<readonly string[]> {
    const text = await readFile("/proc/self/mountinfo", "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => unescaped(line.split(" ")[4] ?? ""));
  }
}

async function call(program: string, args: readonly string[], what: string, label: string): Promise<void> {
  try {
    await run(program, args, { timeout: mountTimeoutMs, env: { ...process.env, LC_ALL: "C" } });
  } catch (error) {
    const failure = error as Error & { code?: unknown; stderr?: string; stdout?: string };
    const status = typeof failure.code === "number" ? `exit status ${failure.code}` : failure.message;
    const output = `${failure.stderr ?? ""}${failure.stdout ?? ""}`;
    const message = `${what}: ${status}\n${label}${args.join(" ")}\nOutput: ${output}`;
    throw new MountError(message, { cause: error });
  }
}

/** Blanks and backslashes are octal in mountinfo. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export async function isMounted(mounter: Mounter, path: string): Promise<boolean> {
  return (await mounter.mountPoints()).includes(path);
}

/** Unmounts all at and below a folder, what lies on top first. */
export async function unmountBelow(mounter: Mounter, folder: string): Promise<void> {
  const points = await mounter.mountPoints();
  for (const point of points.filter((one) => isWithin(one, folder)).reverse()) await mounter.unmount(point);
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
