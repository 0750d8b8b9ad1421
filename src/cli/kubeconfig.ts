import { defaultDataDir, readState, renderKubeconfig, storedAdminEntry } from "../cluster/index.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

/** Prints the administrator's kubeconfig of a cluster that keeps its data in a folder. */
export function printKubeconfig(flags: { name: string; dataDir?: string }, around: Surroundings): void {
  const dir = flags.dataDir ?? defaultDataDir(flags.name, around.env);
  const state = readState(dir);
  if (!state) throw new CommandError(`no cluster was started in ${dir} yet: start one with 'sampan up'`);
  around.stdout.write(renderKubeconfig(storedAdminEntry(dir, state)));
}
