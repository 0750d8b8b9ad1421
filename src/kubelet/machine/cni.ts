import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface CniOptions {
  /** Where the runtime looks for its network configuration. */
  readonly confDir: string;
  /** The bridge that pods are plugged into. */
  readonly bridge: string;
  readonly podCidr: string;
  /** Where taken addresses are kept. Default: host-local's own folder. */
  readonly dataDir?: string;
  /** Whether what pods send beyond the cluster gets the node's address. */
  readonly masquerade: boolean;
}

const fileName = "10-sampan.conflist";
const network = "sampan";

/**
 * Writes how pods get addresses: a bridge, addresses of the node's range, host ports. A folder that somebody else (another
 * network add-on) has already configured is left as it is.
 * @returns whether the folder is this node's
 */
export async function writeCniConfig(options: CniOptions): Promise<boolean> {
  const { confDir } = options;
  await mkdir(confDir, { recursive: true });
  const others = (await readdir(confDir)).filter((name) => /\.(conf|conflist|json)$/.test(name) && name !== fileName);
  if (others.length > 0) return false;
  // Written aside: the runtime reads the folder whenever something in it changes.
  const aside = join(confDir, `.${fileName}.new`);
  await writeFile(aside, `${JSON.stringify(cniConfig(options), undefined, 2)}\n`);
  await rename(aside, join(confDir, fileName));
  return true;
}

/** The network as the plugins of containernetworking read it. */
export function cniConfig({ bridge, podCidr, dataDir, masquerade }: CniOptions): object {
  return {
    cniVersion: "0.4.0",
    name: network,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        isDefaultGateway: true,
        forceAddress: true,
        ipMasq: masquerade,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: podCidr }]],
          ...(dataDir === undefined ? {} : { dataDir }),
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}
