import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { hasCode } from "../../host/index.ts";

/** IDs of the machine that pods may have: users and groups alike. */
export interface IdRange {
  readonly first: number;
  readonly length: number;
}

/** What a program printed; undefined when there is no such program. @throws Error when it failed */
export type ProgramRunner = (program: string, args: readonly string[]) => Promise<string | undefined>;

const user = "kubelet";
/** IDs have 32 bits. */
const idsMax = 2 ** 32;

/** Runs a program of this machine. */
export const runProgram: ProgramRunner = async (program, args) => {
  try {
    return (await promisify(execFile)(program, args)).stdout;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
};

/**
 * The IDs that the machine's owner set aside for its user `kubelet` (/etc/subuid, /etc/subgid); where there is none, all but
 * those of the machine's own users: the lowest ones, as many as a pod has.
 * @throws Error that says what is wrong with what was set aside
 */
export async function kubeletIds(run: ProgramRunner, idsPerPod: number): Promise<IdRange> {
  const all = { first: idsPerPod, length: Math.floor(idsMax / idsPerPod - 1) * idsPerPod };
  const account = await run("id", ["-u", user]).catch(() => undefined);
  if (account === undefined) return all;
  const users = await asked(run, [user], "ids");
  if (users === undefined) return all;
  const groups = await asked(run, ["-g", user], "gids");
  if (users !== groups) throw new Error(`mismatched subuids and subgids for user "${user}"`);
  return parseSubIds(users);
}

async function asked(run: ProgramRunner, args: readonly string[], what: string): Promise<string | undefined> {
  try {
    return await run("getsubids", args);
  } catch (cause) {
    throw new Error(`error retrieving additional ${what} for user "${user}"`, { cause });
  }
}

/** `0: kubelet 65536 7208960` */
function parseSubIds(output: string): IdRange {
  const lines = output.trim().split("\n");
  const [line = ""] = lines;
  if (lines.length !== 1) {
    throw new Error(`error parsing line ${JSON.stringify(output)}: it must contain only one line`);
  }
  const match = /^\S+\s+\S+\s+(\d+)\s+(\d+)$/.exec(line);
  const [first, length] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || first >= idsMax || length >= idsMax) throw new Error(`invalid line ${JSON.stringify(output)}`);
  return { first, length };
}
